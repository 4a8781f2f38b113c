#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// read(2) and write(2) on the descriptors of captured output.
package enum FileDescriptorIO {
  /// Reads what is there, at most the buffer's size.
  ///
  /// - Returns: the number of bytes; 0 at the end of the file; -1 when nothing is there or on failure.
  package static func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int {
    while true {
      let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 || errno != EINTR { return count }
    }
  }

  /// Writes all bytes. What can't be written is dropped: losing output must not stop the engine.
  package static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
    writeAll(bytes) { rest in
      while true {
        let count = systemWrite(descriptor, rest.baseAddress, rest.count)
        if count >= 0 || errno != EINTR { return count }
      }
    }
  }

  /// Calls a function that writes a part until everything is written. The bytes are not copied, however small the parts.
  ///
  /// - Parameter writePart: gets the rest and returns how much of it was written; nothing more is written after 0 or less.
  package static func writeAll(_ bytes: ArraySlice<UInt8>, _ writePart: (UnsafeRawBufferPointer) -> Int) {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = writePart(UnsafeRawBufferPointer(rebasing: rest))
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }
}

// Within the enum, `read` and `write` are its own.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}
