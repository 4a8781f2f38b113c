import Foundation

/// Runs one operation a number of times and prints nothing: `micro-bench NAME ITERATIONS`. Without arguments it prints
/// the names.
@main struct MicroBench {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let operations = try Operations.all()
    guard let name = arguments.first else {
      for operation in operations { print(operation.name) }
      return
    }
    guard let operation = operations.first(where: { $0.name == name }), let count = arguments.last.flatMap({ Int($0) })
    else {
      FileHandle.standardError.write(Data("usage: micro-bench [NAME ITERATIONS]\n".utf8))
      exit(2)
    }
    try operation.run(count)
  }
}
