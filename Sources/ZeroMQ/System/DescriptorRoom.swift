#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The descriptors that this process may have.
package struct DescriptorRoom {
  /// How many descriptors may be open at a time. The system hands out the lowest free one, so a new one tells how many
  /// are open: all below it.
  package let limit: Int
  /// How many can still be opened.
  package let left: Int

  /// The room at this moment; `nil` if the system doesn't tell.
  package static func now() -> DescriptorRoom? {
    #if os(Linux)
      let (resource, list) = (__rlimit_resource_t(RLIMIT_NOFILE.rawValue), "/proc/self/fd")
    #else
      let (resource, list) = (RLIMIT_NOFILE, "/dev/fd")
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, let folder = opendir(list) else { return nil }
    defer { closedir(folder) }
    // `.`, `..` and the descriptor of the folder itself are not open files.
    var open = -3
    while readdir(folder) != nil { open += 1 }
    let most = Int(clamping: limit.rlim_cur)
    return DescriptorRoom(limit: most, left: max(0, most - open))
  }
}
