#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The limit on this process's open descriptors.
enum DescriptorLimit {
  /// Raises the limit as far as the system allows. An engine holds eight connections to its controller, so 128 engines
  /// reach the usual soft limit of 1024.
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
      // Even without a hard limit, setrlimit(2) refuses more than this.
      limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
    #endif
    // Without permission, the limit stays unchanged.
    _ = setrlimit(resource, &limit)
  }
}
