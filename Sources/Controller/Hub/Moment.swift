import MartletWire

/// The time of an event: an instant to compute deadlines with, and a date to record.
struct Moment {
  var instant: ContinuousClock.Instant
  var date: Timestamp

  /// The current time.
  static var now: Moment { Moment(instant: .now, date: .now) }
}
