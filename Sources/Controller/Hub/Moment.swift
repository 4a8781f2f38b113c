import MartletWire

/// The time of an event: an instant for deadlines, and a date for records.
struct Moment {
  var instant: Instant
  var date: Timestamp

  /// The current time.
  static var now: Moment { Moment(instant: .now, date: .now) }
}
