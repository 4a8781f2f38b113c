#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How many descriptors this process may have.
enum DescriptorLimit {
  /// Raises the limit as far as the system allows: an engine holds eight connections to its controller, so that the usual
  /// soft limit of 1024 is reached with 128 engines.
  static func raise() {
    #if os(Linux)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    #if os(Linux)
      limit.rlim_cur = limit.rlim_max
    #else
      // Where there is no hard limit setrlimit(2) still refuses more than this.
      limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
    #endif
    // Without the permission the limit is as it was.
    _ = setrlimit(resource, &limit)
  }
}
