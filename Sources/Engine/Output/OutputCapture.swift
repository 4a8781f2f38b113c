import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#else
  @preconcurrency import Darwin
#endif

/// Captures what is written to file descriptors, by Swift, C or child processes, and knows whose output it is.
///
/// The I/O loop reads while a task runs; the worker takes the rest when the task ends. Both hold the mutex, so every
/// byte is read once and attributed to the task that ran when it was read, and nothing written before a task's end is
/// missing from it.
final class OutputCapture<Owner: Sendable>: Sendable {
  private struct Stream {
    let captured: CapturedDescriptor
    let pipe: Int32
    let original: Int32
    var text = UTF8Accumulator()
  }

  private struct State {
    var streams: [Stream] = []
    var polled: [pollfd] = []
    var owner: Owner?
    var buffer = [UInt8](repeating: 0, count: 65_536)
  }

  /// The most that one look takes from a descriptor, so that a writer that never stops does not keep the reader.
  private static var readLimit: Int { 4 << 20 }

  private let state = Mutex(State())
  private let echo: Bool

  /// Puts pipes in the place of descriptors.
  ///
  /// - Parameters:
  ///   - descriptors: what is captured; restored by ``restore()``.
  ///   - echo: whether the output also goes where it went before.
  /// - Throws: ``EngineError/Code/outputCapture``.
  init(_ descriptors: [CapturedDescriptor], echo: Bool) throws(EngineError) {
    self.echo = echo
    var streams: [Stream] = []
    do {
      for captured in descriptors { streams.append(try Self.redirect(captured)) }
    } catch {
      for stream in streams { Self.restore(stream) }
      throw error
    }
    state.withLock { state in
      state.streams = streams
      state.polled = streams.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
    }
    // Lines appear while the task runs; the rest of a line is flushed at its end.
    setvbuf(stdout, nil, _IOLBF, 0)
  }

  /// The descriptors to watch: readable when there is output.
  var pipes: [Int32] { state.withLock { $0.streams.map(\.pipe) } }

  /// Takes the output there is while a task runs.
  func read() -> [StreamText<Owner>] { state.withLock { read(&$0, isFinal: false) } }

  /// Makes what is printed from now on the output of a task.
  func begin(_ owner: Owner) { state.withLock { $0.owner = owner } }

  /// Writes out what C's standard output holds back. Nobody who calls this may hold a lock that ``read()`` is called
  /// under: flushing waits while the pipe is full.
  func flush() {
    // Not `fflush(nil)`: it would wait for a thread that reads standard input.
    fflush(stdout)
  }

  /// Takes the rest of a task's output after ``flush()``.
  func rest() -> [StreamText<Owner>] { state.withLock { read(&$0, isFinal: true) } }

  /// Puts the descriptors back as they were. What is left in the pipes goes to the originals.
  func restore() {
    fflush(stdout)
    state.withLock { state in
      for text in read(&state, isFinal: true) where !echo {
        guard let stream = state.streams.first(where: { $0.captured.name == text.name }) else { continue }
        Self.write(Array(text.text.utf8), to: stream.original)
      }
      for stream in state.streams { Self.restore(stream) }
      state.streams = []
      state.polled = []
    }
  }

  private func read(_ state: inout State, isFinal: Bool) -> [StreamText<Owner>] {
    var texts: [StreamText<Owner>] = []
    // One look for all: most tasks print nothing.
    let hasOutput = poll(&state.polled, nfds_t(state.polled.count), 0) > 0
    guard hasOutput || isFinal && state.streams.contains(where: { $0.text.isPending }) else { return [] }
    for index in state.streams.indices {
      var text = ""
      var total = 0
      while total < Self.readLimit {
        let count = readDescriptor(state.streams[index].pipe, &state.buffer)
        guard count > 0 else { break }
        total += count
        let bytes = state.buffer[..<count]
        if echo { Self.write(Array(bytes), to: state.streams[index].original) }
        text += state.streams[index].text.append(bytes)
      }
      if isFinal { text += state.streams[index].text.finish() }
      guard !text.isEmpty else { continue }
      guard let owner = state.owner else {
        // Before the first task it is nobody's.
        if !echo { Self.write(Array(text.utf8), to: state.streams[index].original) }
        continue
      }
      texts.append(StreamText(name: state.streams[index].captured.name, text: text, owner: owner))
    }
    return texts
  }

  private static func redirect(_ captured: CapturedDescriptor) throws(EngineError) -> Stream {
    func failure(_ what: String) -> EngineError {
      EngineError(.outputCapture, "\(captured.name) can't be captured: \(what): \(String(cString: strerror(errno)))")
    }
    fflush(stdout)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw failure("pipe") }
    defer { close(ends[1]) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let original = fcntl(captured.descriptor, F_DUPFD_CLOEXEC, 3)
    guard original >= 0 else {
      close(ends[0])
      throw failure("dup")
    }
    guard dup2(ends[1], captured.descriptor) >= 0 else {
      close(ends[0])
      close(original)
      throw failure("dup2")
    }
    return Stream(captured: captured, pipe: ends[0], original: original)
  }

  private static func restore(_ stream: Stream) {
    dup2(stream.original, stream.captured.descriptor)
    close(stream.original)
    close(stream.pipe)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = Array(rest)
      let count = writeDescriptor(descriptor, chunk)
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// read(2), again when a signal interrupts it; -1 when nothing is there.
private func readDescriptor(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count >= 0 || errno != EINTR { return count }
  }
}

/// write(2), again when a signal interrupts it.
private func writeDescriptor(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
  while true {
    let count = write(descriptor, bytes, bytes.count)
    if count >= 0 || errno != EINTR { return count }
  }
}
