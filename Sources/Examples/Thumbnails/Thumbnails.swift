import Foundation
import Martlet
import MartletExampleSupport

/// What became of a picture.
struct Thumbnail: Codable, Sendable {
  let path: String
  let width: Int
  let height: Int
}

let thumbnail = RemoteFunction("thumbnail") { (path: String, folder: String, size: Int) throws -> Thumbnail in
  guard let data = FileManager.default.contents(atPath: path) else { throw ExampleError("can't read \(path)") }
  guard let picture = Pixmap(data) else { throw ExampleError("\(path) is not a binary PPM picture of 8 bits a colour") }
  let small = picture.scaled(toFit: size)
  let target = URL(fileURLWithPath: folder).appendingPathComponent(URL(fileURLWithPath: path).lastPathComponent)
  try small.data.write(to: target)
  return Thumbnail(path: target.path, width: small.width, height: small.height)
}

/// Scales pictures down: `MartletThumbnails FOLDER PICTURE…`. The engines have to see the files under the same paths.
@main struct Thumbnails: ClusterProgram {
  static let functions: [any RemoteCallable] = [thumbnail]
  private static let size = 128

  static func run(_ client: Client, arguments: [String]) async throws {
    guard let folder = arguments.first else { throw ExampleError("usage: MartletThumbnails FOLDER PICTURE…") }
    let pictures = Array(arguments.dropFirst())
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let results = try client.loadBalanced().map(
      thumbnail, pictures, Array(repeating: folder, count: pictures.count),
      Array(repeating: size, count: pictures.count))
    for try await made in results { print("\(made.path): \(made.width) x \(made.height)") }
  }
}
