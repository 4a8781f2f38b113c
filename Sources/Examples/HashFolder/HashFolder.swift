import Crypto
import Foundation
import Martlet
import MartletExampleSupport

/// The SHA-256 of a file, read in pieces.
let digest = RemoteFunction("digest") { (path: String) throws -> String in
  guard let file = FileHandle(forReadingAtPath: path) else { throw ExampleError("can't read \(path)") }
  defer { try? file.close() }
  var hash = SHA256()
  while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
  return hash.finalize().map { String(format: "%02x", $0) }.joined()
}

/// Hashes all files of a folder, and says which are the same. The engines have to see the folder under the same path.
@main struct HashFolder: ClusterProgram {
  static let functions: [any RemoteCallable] = [digest]

  static func run(_ client: Client, arguments: [String]) async throws {
    let folder = arguments.first ?? FileManager.default.currentDirectoryPath
    var paths: [String: [String]] = [:]
    var failures = 0
    let files = try files(in: folder)
    // However many files there are, a window of them is on the way.
    let digests = try client.loadBalanced().stream(digest, over: files, isOrdered: false)
    for try await (index, outcome) in digests.outcomes {
      do {
        paths[try outcome.get(), default: []].append(files[index])
      } catch {
        print(error)
        failures += 1
      }
    }
    for (hash, same) in paths.sorted(by: { $0.key < $1.key }) where same.count > 1 {
      print("\(hash.prefix(16))  \(same.sorted().joined(separator: "  "))")
    }
    let count = paths.values.reduce(0) { $0 + $1.count }
    print("\(count) files hashed, \(paths.count) different ones, \(failures) could not be read.")
  }

  private static func files(in folder: String) throws -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: folder) else {
      throw ExampleError("\(folder) is not a folder")
    }
    return walk.compactMap { $0 as? String }.map { "\(folder)/\($0)" }.filter { path in
      let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      return type == .typeRegular
    }
  }
}
