/// How many calls may run at once on an engine at most.
package enum ConcurrencyLimit {
  /// The number; more is taken for this.
  package static let value = 4096
}
