import Foundation

/// A picture in the portable pixmap format: three bytes a pixel, row by row.
struct Pixmap {
  let width: Int
  let height: Int
  private let pixels: [UInt8]

  /// Reads a binary PPM file; `nil` if it isn't one, or not of 8 bits a colour.
  init?(_ data: Data) {
    var numbers: [Int] = []
    let bytes = [UInt8](data)
    guard bytes.starts(with: Array("P6".utf8)) else { return nil }
    var position = 2
    while numbers.count < 3, position < bytes.count {
      switch bytes[position] {
      case 0x23: position = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
      case 0x30...0x39:
        let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        numbers.append(number)
        position += digits.count
      case 0x09, 0x0A, 0x0D, 0x20: position += 1
      default: return nil
      }
    }
    // One blank is between the last number and the pixels.
    position += 1
    guard numbers.count == 3, numbers[2] == 255, (1...65_535).contains(numbers[0]), (1...65_535).contains(numbers[1]),
      bytes.count - position >= numbers[0] * numbers[1] * 3
    else { return nil }
    (width, height) = (numbers[0], numbers[1])
    pixels = Array(bytes[position..<(position + width * height * 3)])
  }

  private init(width: Int, height: Int, pixels: [UInt8]) {
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// The file's content.
  var data: Data { Data("P6\n\(width) \(height)\n255\n".utf8) + Data(pixels) }

  /// The picture at a size at which neither side is longer than this. Each pixel is the mean of those it stands for.
  func scaled(toFit size: Int) -> Pixmap {
    let factor = max(1, Double(max(width, height)) / Double(size))
    let (columns, rows) = (max(1, Int(Double(width) / factor)), max(1, Int(Double(height) / factor)))
    var scaled: [UInt8] = []
    scaled.reserveCapacity(columns * rows * 3)
    for row in 0..<rows {
      let ys = (row * height / rows)..<max(row * height / rows + 1, (row + 1) * height / rows)
      for column in 0..<columns {
        let xs = (column * width / columns)..<max(column * width / columns + 1, (column + 1) * width / columns)
        for colour in 0..<3 {
          var sum = 0
          for y in ys { for x in xs { sum += Int(pixels[(y * width + x) * 3 + colour]) } }
          scaled.append(UInt8(sum / (xs.count * ys.count)))
        }
      }
    }
    return Pixmap(width: columns, height: rows, pixels: scaled)
  }
}
