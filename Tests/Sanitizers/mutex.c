// Shows ThreadSanitizer the slow paths of `Synchronization.Mutex`, which are in Swift's library and not instrumented: what
// a thread did before it released a contended mutex happens before what the next one does. Without them each contended
// mutex looks like a race. `make sanitize` links this and has the linker call it in place of the library's functions.

#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *mutex
#define SWIFT __attribute__((swiftcall)) void

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT libraryLock(uint32_t thread, SELF) __asm__("__real_" LOCK);
SWIFT libraryUnlock(SELF) __asm__("__real_" UNLOCK);
SWIFT lock(uint32_t thread, SELF) __asm__("__wrap_" LOCK);
SWIFT unlock(SELF) __asm__("__wrap_" UNLOCK);

SWIFT lock(uint32_t thread, SELF) {
  libraryLock(thread, mutex);
  __tsan_acquire(mutex);
}

SWIFT unlock(SELF) {
  __tsan_release(mutex);
  libraryUnlock(mutex);
}
