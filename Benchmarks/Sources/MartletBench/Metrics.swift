import Foundation

/// The results in the order of measurement: metric -> number.
struct Metrics {
  private var values: [(name: String, value: Double)] = []

  subscript(name: String) -> Double? {
    get { values.first { $0.name == name }?.value }
    set {
      values.removeAll { $0.name == name }
      if let newValue { values.append((name, newValue)) }
    }
  }

  /// The results as a JSON object on one line.
  var json: String {
    let fields = values.map { "\"\($0.name)\": \(String(format: "%.6g", $0.value))" }
    return "{" + fields.joined(separator: ", ") + "}"
  }
}

extension [Duration] {
  /// The duration that a given part of all durations does not exceed.
  ///
  /// - Parameter part: 0.5 for the median.
  func quantile(_ part: Double) -> Duration {
    guard !isEmpty else { return .zero }
    return sorted()[Swift.min(count - 1, Int(Double(count) * part))]
  }
}

extension Duration {
  var milliseconds: Double { self / .milliseconds(1) }
  var seconds: Double { self / .seconds(1) }
}
