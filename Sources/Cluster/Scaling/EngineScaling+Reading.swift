import MartletWire

extension EngineScaling {
  /// For people.
  var note: String {
    "between \(minimum) and \(maximum.counted("engine")), as many as there is work for; "
      + "an engine may leave after \(idleTime) without work"
  }
}

extension EngineScaling {
  /// For other processes.
  var json: JSONValue {
    [
      "minimum": .int(minimum), "maximum": .int(maximum), "idle_time": .double(idleTime / .seconds(1)),
      "ends_used_engines": .bool(endsUsedEngines),
    ]
  }

  /// Reads what another process has said.
  ///
  /// - Throws: ``OptionError`` with what is missing.
  init(json: JSONValue) throws(OptionError) {
    guard let minimum = json["minimum"]?.intValue, let maximum = json["maximum"]?.intValue,
      let idleTime = json["idle_time"]?.doubleValue, idleTime >= 0, idleTime < 1e9
    else { throw OptionError("a scaling lacks 'minimum', 'maximum' or 'idle_time'") }
    self.init(
      minimum: minimum, maximum: maximum, idleTime: .seconds(idleTime),
      endsUsedEngines: json["ends_used_engines"]?.boolValue ?? false)
  }
}

extension EngineScaling {
  /// What a command line or a file says; `nil` if it gives no maximum.
  ///
  /// - Throws: ``OptionError`` for bounds that can't be met.
  package init?(minimum: Int?, maximum: Int?, idleTime: Duration) throws(OptionError) {
    guard let maximum else {
      guard minimum == nil else { throw OptionError("--min needs --max, the most engines that there may be") }
      return nil
    }
    let minimum = minimum ?? 0
    guard minimum >= 0, maximum >= max(minimum, 1) else {
      throw OptionError(
        "--min=\(minimum) --max=\(maximum): --min starts at 0, and --max is at least 1 and not below it")
    }
    self.init(minimum: minimum, maximum: maximum, idleTime: idleTime)
  }
}
