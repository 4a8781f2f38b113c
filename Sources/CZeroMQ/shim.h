#ifndef MARTLET_CZEROMQ_SHIM_H
#define MARTLET_CZEROMQ_SHIM_H

#include <errno.h>
#include <zmq.h>

#ifdef __linux__
#include <linux/sched.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/* The linker makes these symbols, for the section in which Swift's compiler lists the distributed methods of this image. */
extern const char __start_swift5_accessible_functions[] __attribute__((visibility("hidden")));
extern const char __stop_swift5_accessible_functions[] __attribute__((visibility("hidden")));

static inline const void *accessible_functions(size_t *size) {
  *size = (size_t)(__stop_swift5_accessible_functions - __start_swift5_accessible_functions);
  return __start_swift5_accessible_functions;
}

/* Swift imports these from each C library in another way. */
static const uint32_t epoll_readable = EPOLLIN;
static const int epoll_close_on_exec = EPOLL_CLOEXEC;

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
#include <mach-o/getsect.h>
#include <mach-o/loader.h>
#include <pthread.h>

extern const struct mach_header_64 __dso_handle;

static inline const void *accessible_functions(size_t *size) {
  unsigned long bytes = 0;
  const void *start = getsectiondata(&__dso_handle, "__TEXT", "__swift5_acfuncs", &bytes);
  *size = bytes;
  return start;
}

static inline void name_current_thread(const char *name) { pthread_setname_np(name); }
#endif

#endif
