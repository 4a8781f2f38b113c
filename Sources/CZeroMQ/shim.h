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

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
/* The bytes that malloc has handed out. */
static inline size_t allocated_memory(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static inline void return_free_memory(void) { malloc_trim(0); }
#else
static inline size_t allocated_memory(void) { return 0; }
static inline void return_free_memory(void) {}
#endif
#else
#include <pthread.h>

static inline void name_current_thread(const char *name) { pthread_setname_np(name); }
#endif

#endif
