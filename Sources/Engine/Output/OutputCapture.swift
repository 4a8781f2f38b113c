import MartletZeroMQ
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#else
  @preconcurrency import Darwin
#endif

/// Captures what Swift, C or child processes write to file descriptors, and attributes it to the request that runs.
///
/// The I/O loop reads while a request runs; the runner takes the rest when the request ends. Both hold the mutex, so
/// every byte is read once and attributed to the request running at that time, and the output of a request is complete
/// when the request ends.
final class OutputCapture<Owner: Sendable>: Sendable {
  private struct Stream {
    let captured: CapturedDescriptor
    let pipe: Int32
    let original: Int32
    let crashOutput: CrashOutput?
    var decoder = UTF8StreamDecoder()
    /// The end of what the owner has written.
    var tail = ""
  }

  private struct State {
    var streams: [Stream] = []
    var polled: [pollfd] = []
    var owner: Owner?
    var buffer = [UInt8](repeating: 0, count: 65_536)
  }

  /// The most that one call reads from a descriptor, so that a writer that never stops can't occupy the reader.
  private static var readLimit: Int { 4 << 20 }
  /// How much of a stream's end is kept, in characters of one byte: enough for the traceback of a crash.
  private static var tailLimit: Int { 8_192 }

  private let state = Mutex(State())
  private let echo: Bool

  /// Replaces descriptors by pipes until ``restore()``.
  ///
  /// - Parameters:
  ///   - descriptors: what to capture.
  ///   - echo: whether the output also goes where it went before.
  /// - Throws: ``EngineRunError/Code/outputCapture``.
  init(_ descriptors: [CapturedDescriptor], echo: Bool) throws(EngineRunError) {
    self.echo = echo
    var streams: [Stream] = []
    do {
      for captured in descriptors { streams.append(try Self.redirect(captured)) }
    } catch {
      for stream in streams {
        Self.disconnect(stream)
        Self.close(stream)
      }
      throw error
    }
    state.withLock { state in
      state.streams = streams
      state.polled = streams.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
    }
    // Lines appear while the request runs; an unfinished line is flushed when the request ends.
    setvbuf(stdout, nil, _IOLBF, 0)
  }

  /// The descriptors to watch: readable when there is output.
  var pipes: [Int32] { state.withLock { $0.streams.map(\.pipe) } }

  /// Takes the output available while a request runs.
  func read() -> [StreamText<Owner>] { state.withLock { read(&$0, isFinal: false) } }

  /// Attributes output from now on to a request.
  func begin(_ owner: Owner) {
    state.withLock { state in
      state.owner = owner
      for index in state.streams.indices where !state.streams[index].tail.isEmpty {
        state.streams[index].tail = ""
        state.streams[index].crashOutput?.forget()
      }
    }
  }

  /// Attributes output from now on to another request; what has been written before should have been read.
  ///
  /// - Returns: the owner until now.
  func exchangeOwner(_ owner: Owner?) -> Owner? {
    state.withLock { state in
      defer { state.owner = owner }
      return state.owner
    }
  }

  /// The end of what the current owner has written to a stream, as far as it has been read.
  func tail(of name: String) -> String {
    state.withLock { state in state.streams.first { $0.captured.name == name }?.tail ?? "" }
  }

  /// Writes out C's buffer of standard output. The caller must not hold a lock under which ``read()`` is called, because
  /// flushing blocks while the pipe is full.
  func flush() {
    // Not `fflush(nil)`, which waits for a thread that reads standard input.
    fflush(stdout)
  }

  /// Takes the rest of a request's output after ``flush()``.
  func rest() -> [StreamText<Owner>] { state.withLock { read(&$0, isFinal: true) } }

  /// Restores the descriptors. What is left in the pipes goes to the originals.
  ///
  /// A function that is still running may be writing. C's buffer is therefore not flushed: a writer that waits for room
  /// in the pipe holds its lock.
  func restore() {
    state.withLock { state in
      for stream in state.streams {
        Self.disconnect(stream)
        if !echo { FileDescriptorIO.write(stream.decoder.held[...], to: stream.original) }
        forwardRest(of: stream, &state.buffer)
        Self.close(stream)
      }
      state.streams = []
      state.polled = []
    }
  }

  /// Forwards what is in the pipe until its last writer is gone: a write that is in progress when the pipe is closed
  /// would end the process. Child processes may keep the pipe open; they are not waited for.
  private func forwardRest(of stream: Stream, _ buffer: inout [UInt8]) {
    var total = 0
    while total < Self.readLimit {
      let count = FileDescriptorIO.read(stream.pipe, into: &buffer)
      if count == 0 { return }
      if count > 0 {
        total += count
        FileDescriptorIO.write(buffer[..<count], to: stream.original)
        continue
      }
      var polled = pollfd(fd: stream.pipe, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 20) > 0 else { return }
    }
  }

  private func read(_ state: inout State, isFinal: Bool) -> [StreamText<Owner>] {
    var texts: [StreamText<Owner>] = []
    // One call for all streams, because most requests print nothing.
    let hasOutput = poll(&state.polled, nfds_t(state.polled.count), 0) > 0
    guard hasOutput || isFinal && state.streams.contains(where: { !$0.decoder.held.isEmpty }) else { return [] }
    for index in state.streams.indices {
      var text = ""
      var total = 0
      while total < Self.readLimit {
        let count = FileDescriptorIO.read(state.streams[index].pipe, into: &state.buffer)
        guard count > 0 else { break }
        total += count
        let bytes = state.buffer[..<count]
        if echo {
          FileDescriptorIO.write(bytes, to: state.streams[index].original)
        } else {
          state.streams[index].crashOutput?.keep(bytes)
        }
        text += state.streams[index].decoder.append(bytes)
      }
      if isFinal { text += state.streams[index].decoder.finish() }
      guard !text.isEmpty else { continue }
      state.streams[index].tail = Self.tail(of: state.streams[index].tail, text)
      guard let owner = state.owner else {
        // Output before the first request belongs to none.
        if !echo { FileDescriptorIO.write(Array(text.utf8)[...], to: state.streams[index].original) }
        state.streams[index].crashOutput?.forget()
        continue
      }
      texts.append(StreamText(name: state.streams[index].captured.name, text: text, owner: owner))
    }
    return texts
  }

  private static func tail(of text: String, _ more: String) -> String {
    let joined = more.utf8.count < tailLimit ? text + more : more
    guard joined.utf8.count > 2 * tailLimit else { return joined }
    return String(decoding: joined.utf8.suffix(tailLimit), as: UTF8.self)
  }

  private static func redirect(_ captured: CapturedDescriptor) throws(EngineRunError) -> Stream {
    func failure(_ what: String) -> EngineRunError {
      EngineRunError(.outputCapture, "can't capture \(captured.name): \(what): \(String(cString: strerror(errno)))")
    }
    fflush(stdout)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw failure("pipe") }
    let (reading, writing) = (ends[0], ends[1])
    defer { closeDescriptor(writing) }
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
    let original = fcntl(captured.descriptor, F_DUPFD_CLOEXEC, 3)
    guard original >= 0 else {
      defer { closeDescriptor(reading) }
      throw failure("dup")
    }
    guard dup2(writing, captured.descriptor) >= 0 else {
      defer {
        closeDescriptor(reading)
        closeDescriptor(original)
      }
      throw failure("dup2")
    }
    return Stream(
      captured: captured, pipe: reading, original: original,
      crashOutput: CrashOutput(reading, replacing: captured.descriptor, original: original))
  }

  private static func disconnect(_ stream: Stream) { dup2(stream.original, stream.captured.descriptor) }

  private static func close(_ stream: Stream) {
    stream.crashOutput?.end()
    closeDescriptor(stream.original)
    closeDescriptor(stream.pipe)
  }
}

/// close(2), which has the name of a method above.
private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }
