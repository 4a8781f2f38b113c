#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How many more descriptors this process can open.
package enum DescriptorRoom {
  /// The number of descriptors that can still be opened; `nil` if the system doesn't tell.
  package static func left() -> Int? {
    #if os(Linux)
      let (resource, list) = (__rlimit_resource_t(RLIMIT_NOFILE.rawValue), "/proc/self/fd")
    #else
      let (resource, list) = (RLIMIT_NOFILE, "/dev/fd")
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, let folder = opendir(list) else { return nil }
    defer { closedir(folder) }
    // `.`, `..` and the descriptor of the folder itself are no open files.
    var open = -3
    while readdir(folder) != nil { open += 1 }
    return max(0, Int(clamping: limit.rlim_cur) - open)
  }
}
