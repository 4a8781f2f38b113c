/// A shell-style pattern as Python's `fnmatch` reads it: `*`, `?`, `[set]` and `[!set]`, everything else literal, upper
/// and lower case distinct.
///
/// A bracket without its partner is literal. Matching takes at most time in proportion to the pattern's length times the
/// text's.
struct FilenamePattern {
  private enum Element {
    case literal(Unicode.Scalar)
    case anyScalar
    case anyRun
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .literal(let expected): scalar == expected
      case .anyScalar, .anyRun: true
      case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
      }
    }
  }

  private let elements: [Element]

  init(_ pattern: String) {
    var elements: [Element] = []
    var rest = ArraySlice(Array(pattern.unicodeScalars))
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": elements.append(.anyRun)
      case "?": elements.append(.anyScalar)
      case "[": elements.append(Self.parseSet(&rest) ?? .literal("["))
      default: elements.append(.literal(scalar))
      }
    }
    self.elements = elements
  }

  /// Whether the pattern matches the whole text.
  func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var element = 0
    var scalar = 0
    // Where to go on if the match fails: past the last run, letting it take one scalar more.
    var retry: (element: Int, scalar: Int)?
    while scalar < scalars.count {
      if element < elements.count, case .anyRun = elements[element] {
        element += 1
        retry = (element, scalar)
      } else if element < elements.count, elements[element].matches(scalars[scalar]) {
        element += 1
        scalar += 1
      } else if let (afterRun, taken) = retry {
        retry = (afterRun, taken + 1)
        element = afterRun
        scalar = taken + 1
      } else {
        return false
      }
    }
    return elements[element...].allSatisfy { if case .anyRun = $0 { true } else { false } }
  }

  /// Reads a set up to its closing bracket, or nothing if there is none. A closing bracket that comes first is a member.
  private static func parseSet(_ rest: inout ArraySlice<Unicode.Scalar>) -> Element? {
    var input = rest
    let isNegated = input.first == "!"
    if isNegated { input.removeFirst() }
    guard let end = input.dropFirst().firstIndex(of: "]") else { return nil }
    var members = input[..<end]
    rest = input[(end + 1)...]
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while let low = members.popFirst() {
      if members.first == "-", let high = members.dropFirst().first {
        members.removeFirst(2)
        if low <= high { ranges.append(low...high) }
      } else {
        ranges.append(low...low)
      }
    }
    return .set(ranges, isNegated: isNegated)
  }
}
