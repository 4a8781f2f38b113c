/// A shell-style pattern with the syntax of Python's `fnmatch`: `*`, `?`, `[set]` and `[!set]`. Everything else is
/// literal, and matching is case-sensitive.
///
/// An unmatched bracket is literal. Matching takes time proportional to the product of the two lengths at most.
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
    // Where to resume if the match fails: after the last `*`, which then takes one more scalar.
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

  /// Parses a set up to its closing bracket; `nil` if there is none. A closing bracket in first position is a member.
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
