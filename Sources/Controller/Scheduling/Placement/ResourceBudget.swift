import MartletWire

/// The resources of one engine: what it offers, and how much of that its tasks have.
struct ResourceBudget {
  /// What it offers.
  private(set) var offer: Resources
  /// What the tasks have that were given to it: more than it offers if an earlier controller gave it some.
  private(set) var used = Resources()

  init(offer: Resources = Resources()) { self.offer = offer }

  /// Whether an idle engine could run a task that requires this.
  func covers(_ required: Resources) -> Bool { offer.covers(required) }

  /// Whether the engine can run such a task beside those that it has.
  func hasLeft(_ required: Resources) -> Bool { offer.covers(required, beside: used) }

  mutating func take(_ resources: Resources) { used.add(resources) }

  mutating func giveBack(_ resources: Resources) { used.subtract(resources) }

  /// The engine has come back, with its tasks.
  mutating func revive(offer: Resources) { self.offer = offer }
}
