import Foundation
import Testing

@testable import MartletEngine

@Suite struct OutputCaptureTests {
  private func write(_ bytes: [UInt8], to descriptor: Int32) {
    FileHandle(fileDescriptor: descriptor).write(Data(bytes))
  }

  /// A descriptor used in place of standard output, and its file.
  private func target() throws -> (descriptor: Int32, file: FileHandle) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("capture-\(UUID().uuidString)").path
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try FileManager.default.removeItem(atPath: path)
    return (file.fileDescriptor, file)
  }

  @Test func attributesOutputToTheRunningTask() throws {
    let (descriptor, file) = try target()
    let capture = try OutputCapture<String>([CapturedDescriptor(descriptor: descriptor, name: "stdout")], echo: false)
    write(Array("nobody's".utf8), to: descriptor)
    #expect(capture.read() == [])
    capture.begin("a")
    write(Array("one".utf8), to: descriptor)
    #expect(capture.read() == [StreamText(name: "stdout", text: "one", owner: "a")])
    write(Array("two".utf8), to: descriptor)
    #expect(capture.rest() == [StreamText(name: "stdout", text: "two", owner: "a")])
    capture.begin("b")
    #expect(capture.rest() == [])
    capture.restore()
    write(Array("after".utf8), to: descriptor)
    try file.seek(toOffset: 0)
    #expect(try file.readToEnd() == Data("nobody'safter".utf8))
  }

  @Test func aCharacterSplitOverTwoWritesIsHeldBack() throws {
    let (descriptor, file) = try target()
    let capture = try OutputCapture<Int>([CapturedDescriptor(descriptor: descriptor, name: "stderr")], echo: true)
    capture.begin(1)
    let text = Array("ä€".utf8)
    write(Array(text[..<3]), to: descriptor)
    #expect(capture.read().map(\.text) == ["ä"])
    write(Array(text[3...]), to: descriptor)
    #expect(capture.rest().map(\.text) == ["€"])
    capture.restore()
    try file.seek(toOffset: 0)
    #expect(try file.readToEnd() == Data(text))
  }

  /// A function that is still running when its engine leaves continues to write.
  @Test func restoringNeitherStopsNorLosesAWriterThatContinues() async throws {
    let (descriptor, file) = try target()
    let capture = try OutputCapture<Int>([CapturedDescriptor(descriptor: descriptor, name: "stdout")], echo: false)
    // This exceeds a pipe's capacity, so the writer is blocked mid-write when the descriptor is restored.
    let block = [UInt8](repeating: 0x61, count: 1 << 20)
    let pipe = try #require(capture.pipes.first)
    let done = AsyncStream.makeStream(of: Void.self)
    Thread.detachNewThread { [self] in
      write(block, to: descriptor)
      done.continuation.finish()
    }
    var polled = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
    while poll(&polled, 1, 1000) == 0 {}
    capture.restore()
    for await _ in done.stream {}
    try file.seek(toOffset: 0)
    #expect(try file.readToEnd()?.count == block.count)
  }
}
