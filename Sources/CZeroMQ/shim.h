#ifndef MARTLET_CZEROMQ_SHIM_H
#define MARTLET_CZEROMQ_SHIM_H

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
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

/* A pipe that this process reads itself, what it has replaced, and a duplicate of that. */
struct crash_output {
  volatile int is_used, pipe, descriptor, original;
  /* The end of what was read from it and not written to the original. */
  volatile size_t recent_count;
  char recent[2048];
};

enum { crash_output_limit = 8 };

static inline struct crash_output *crash_output_at(int place) {
  static struct crash_output outputs[crash_output_limit];
  return &outputs[place];
}

/* How programs end that find something that must not happen. Faults of memory are not among them, as some runtimes cause
   and handle them. */
static const int crash_signals[] = {SIGILL, SIGTRAP, SIGABRT};

/* What such a signal did before. */
static inline struct sigaction *earlier_crash_action(int number) {
  static struct sigaction illegal, trap, abortion;
  return number == SIGILL ? &illegal : number == SIGTRAP ? &trap : &abortion;
}

/* Writes on what the pipes have held, and lets the signal do what it would have done without this. */
static void forward_crash_outputs(int number, siginfo_t *info, void *context) {
  char buffer[4096];
  for (int place = 0; place < crash_output_limit; place++) {
    struct crash_output *output = crash_output_at(place);
    if (!output->is_used) continue;
    dup2(output->original, output->descriptor);
    ssize_t count = write(output->original, output->recent, output->recent_count);
    /* As much as fits into a pipe: a child process may go on writing. */
    for (int chunk = 0; chunk < 256 && (count = read(output->pipe, buffer, sizeof buffer)) > 0; chunk++) {
      if (write(output->original, buffer, (size_t)count) < 0) break;
    }
  }
  sigaction(number, earlier_crash_action(number), NULL);
  /* The instruction of a fault is executed again. Nothing else would raise the signal a second time. */
  if (info->si_code <= 0 || number == SIGTRAP) raise(number);
}

static inline void catch_crashes(void) {
  struct sigaction action = {.sa_sigaction = forward_crash_outputs, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++) {
    sigaction(crash_signals[i], &action, earlier_crash_action(crash_signals[i]));
  }
}

static inline void use_crash_output(int place, int pipe, int descriptor, int original) {
  struct crash_output *output = crash_output_at(place);
  output->pipe = pipe;
  output->descriptor = descriptor;
  output->original = original;
  output->recent_count = 0;
  output->is_used = 1;
}

static inline void end_crash_output(int place) { crash_output_at(place)->is_used = 0; }

static inline void forget_crash_output(int place) { crash_output_at(place)->recent_count = 0; }

static inline void keep_crash_output(int place, const char *bytes, size_t count) {
  struct crash_output *output = crash_output_at(place);
  size_t limit = sizeof output->recent;
  if (count > limit) {
    bytes += count - limit;
    count = limit;
  }
  size_t kept = output->recent_count < limit - count ? output->recent_count : limit - count;
  memmove(output->recent, output->recent + output->recent_count - kept, kept);
  memcpy(output->recent + kept, bytes, count);
  output->recent_count = kept + count;
}

#endif
