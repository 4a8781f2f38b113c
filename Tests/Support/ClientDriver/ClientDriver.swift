import Foundation
import Martlet

/// The conformance kit's driver of our client: one command per line in, one answer per line out, as
/// `Tests/Kit/CLIENTS.md` describes. Its argument is the path of the connection file.
@main struct ClientDriver {
  static func main() async {
    guard CommandLine.arguments.count == 2 else {
      FileHandle.standardError.write(Data("usage: client-driver FILE\n".utf8))
      exit(2)
    }
    let commands = Commands(file: CommandLine.arguments[1])
    await withDiscardingTaskGroup { group in
      for await line in lines() {
        guard let request = try? JSONValue.parse(Bytes(line)), let number = request["id"]?.intValue else { continue }
        group.addTask { answer(number, await commands.outcome(of: request, number)) }
      }
      await commands.close()
    }
  }

  /// The lines of standard input, read by a thread of their own because reading blocks.
  private static func lines() -> AsyncStream<String> {
    let (stream, continuation) = AsyncStream.makeStream(of: String.self)
    Thread.detachNewThread {
      while let line = readLine() { continuation.yield(line) }
      continuation.finish()
    }
    return stream
  }

  private static func answer(_ number: Int, _ outcome: (key: String, value: JSONValue)) {
    let line: JSONValue = ["id": .int(number), outcome.key: outcome.value]
    // One write, so that answers of several tasks don't mix.
    FileHandle.standardOutput.write(Data(line.bytes.array + [0x0A]))
  }
}
