import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The memory of processes.
package enum ProcessMemory {
  /// What a process has of the system's memory, and how much of it is in use.
  package struct Usage: Sendable, Hashable {
    /// Bytes that the process occupies.
    package var resident: Int
    /// Bytes that are allocated; the rest is free memory that the C library keeps for later, or isn't the heap's.
    package var allocated: Int

    /// A usage with its numbers.
    package init(resident: Int, allocated: Int) {
      self.resident = resident
      self.allocated = allocated
    }
  }

  /// The current usage; `nil` where the C library can't tell. Takes time in proportion to the number of free blocks.
  package static var usage: Usage? {
    #if canImport(Glibc)
      guard let resident = residentSize() else { return nil }
      let allocated = allocated_memory()
      return allocated > 0 ? Usage(resident: resident, allocated: Int(allocated)) : nil
    #else
      return nil
    #endif
  }

  /// Gives the free memory that the C library keeps back to the system. Other threads wait meanwhile when they allocate.
  package static func giveBack() {
    #if canImport(Glibc)
      return_free_memory()
    #endif
  }

  /// The lowest of this process's own limits (`ulimit -v` and `-d`), in bytes; `nil` without one.
  package static var limit: UInt64? {
    #if os(Linux)
      let resources = [RLIMIT_AS, RLIMIT_DATA].map { __rlimit_resource_t($0.rawValue) }
    #else
      let resources = [RLIMIT_AS, RLIMIT_DATA]
    #endif
    return resources.compactMap { resource in
      var limit = rlimit()
      guard getrlimit(resource, &limit) == 0, limit.rlim_cur < Int64.max else { return nil }
      return UInt64(limit.rlim_cur)
    }.min()
  }

  /// The bytes that a process occupies, the second field of proc(5)'s `statm`; `nil` if it has ended, and where there is no
  /// `/proc`.
  ///
  /// - Parameter process: its id; `nil` for this one.
  package static func residentSize(of process: Int32? = nil) -> Int? {
    #if os(Linux)
      let file = open("/proc/\(process.map { "\($0)" } ?? "self")/statm", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var buffer = [UInt8](repeating: 0, count: 128)
      let count = FileDescriptorIO.read(file, into: &buffer)
      let fields = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
      guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
      return pages * sysconf(Int32(_SC_PAGESIZE))
    #else
      return nil
    #endif
  }
}
