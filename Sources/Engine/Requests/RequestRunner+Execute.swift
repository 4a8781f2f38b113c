import MartletWire
import MartletZeroMQ

/// What is particular to requests to execute code, and the code that runs without Python.
extension RequestRunner {
  /// Whether code can be run without Python.
  func isForSwift(_ request: Request) -> Bool {
    guard !namespace.isPythons, let content = try? request.message.content(),
      content["user_expressions"]?.objectValue?.isEmpty ?? true, let code = content["code"]?.stringValue
    else { return false }
    return execute.canRun(code)
  }

  func run(execute request: Request, started: Timestamp, _ executionCount: inout Int) -> Outcome {
    var publications: [Publication] = []
    do throws(RaisedError) {
      let content = try Self.content(of: request)
      guard let code = content["code"]?.stringValue else {
        throw RaisedError("ValueError", "an execute_request needs 'code', a str")
      }
      let isSilent = content["silent"]?.boolValue ?? false
      if !isSilent {
        executionCount += 1
        publications.append(
          publication(MessageType.executeInput, ["code": .string(code), "execution_count": .int(executionCount)]))
      }
      if let value = try execute.run(code), !isSilent {
        publications.append(
          publication(
            MessageType.executeResult,
            [
              "execution_count": .int(executionCount), "data": ["text/plain": .string(value.description)],
              "metadata": [:],
            ]))
      }
      let reply: JSONValue = [
        "status": "ok", "execution_count": .int(executionCount), "payload": [], "user_expressions": [:],
      ]
      return Outcome(
        reply: writer.reply(request, started: started, content: reply), publications: publications)
    } catch {
      return failure(of: request, started: started, error, after: publications, executionCount: executionCount)
    }
  }

  /// Whether the failure of a request aborts those of its client behind it, as that of executed code does in Jupyter's
  /// protocol unless the client asks otherwise.
  static func stopsOthers(_ request: Request) -> Bool {
    guard request.type == MessageType.executeRequest, let content = try? request.message.content() else { return false }
    return !(content["silent"]?.boolValue ?? false) && content["stop_on_error"]?.boolValue ?? true
  }

  private static func content(of request: Request) throws(RaisedError) -> JSONValue {
    do {
      return try request.message.content()
    } catch {
      throw RaisedError("ValueError", error.reason)
    }
  }

  func publication(_ type: String, _ content: [String: JSONValue]) -> Publication {
    Publication(type: type, content: JSONValue.object(content).bytes.array)
  }
}
