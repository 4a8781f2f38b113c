#ifndef MARTLET_CZEROMQ_SHIM_H
#define MARTLET_CZEROMQ_SHIM_H

#include <errno.h>
#include <zmq.h>

#ifdef __linux__
#include <linux/sched.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline void name_current_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
#else
#include <pthread.h>

static inline void name_current_thread(const char *name) { pthread_setname_np(name); }
#endif

#endif
