extension Int {
  /// The number with its noun, for messages: `1 engine`, `2 engines`.
  ///
  /// - Parameters:
  ///   - noun: in the singular.
  ///   - plural: the noun's plural where it isn't made with an `s`.
  package func counted(_ noun: String, plural: String? = nil) -> String {
    "\(self) \(self == 1 ? noun : plural ?? noun + "s")"
  }
}
