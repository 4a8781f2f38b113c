import Foundation
import Testing

@testable import MartletEngine

@Suite struct OutputCaptureTests {
  private func write(_ bytes: [UInt8], to descriptor: Int32) {
    FileHandle(fileDescriptor: descriptor).write(Data(bytes))
  }

  /// A descriptor that stands for standard output, and the file behind it.
  private func target() throws -> (descriptor: Int32, file: FileHandle) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("capture-\(UUID().uuidString)").path
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try FileManager.default.removeItem(atPath: path)
    return (file.fileDescriptor, file)
  }

  @Test func attributesOutputToTheTaskThatRuns() throws {
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

  @Test func aCharacterInTwoWritesIsHeldBack() throws {
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

  @Test func whatIsCutOffAtTheEndIsReplaced() {
    var accumulator = UTF8Accumulator()
    #expect(accumulator.append([0x61, 0xF0, 0x9F, 0x98]) == "a")
    #expect(accumulator.finish() == "\u{FFFD}")
    #expect(accumulator.append([0x80, 0x80, 0x80, 0x80, 0x62]).hasSuffix("b"))
    #expect(accumulator.append([0xF0, 0x9F]) == "")
    #expect(accumulator.append([0x98, 0x80]) == "😀")
  }
}
