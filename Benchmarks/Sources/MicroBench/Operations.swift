import Foundation
import MartletWire
import MartletZeroMQ
import SchedulerWorkload

/// A small operation that happens once or several times per task.
struct Operation {
  let name: String
  /// Runs the operation a number of times.
  let run: (_ count: Int) throws -> Void

  init(_ name: String, _ run: @escaping (_ count: Int) throws -> Void) {
    self.name = name
    self.run = run
  }
}

/// The operations on a no-op's path from client to engine and back.
enum Operations {
  private static let key = "2f1c9e04-6a3b7d5528e0415f"
  private static let session = "5d0b7c16-93e24fa8b1607c2d3e4f5a6b"

  static func all() throws -> [Operation] {
    let header = Array(
      """
      {"msg_id":"\(session)_4242_1234","msg_type":"apply_request","username":"ada","session":"\(session)",\
      "version":"5.4","date":"2026-03-04T05:06:07.123456Z"}
      """.utf8)
    let call = ApplyCall.pack(function: "noop")
    return [
      Operation("header-scan") { count in
        for _ in 0..<count { keep(try MessageHeader(scanning: header.span)) }
      },
      Operation("header-emit") { count in
        let session = try Session(id: session, key: key)
        for _ in 0..<count { keep(session.header(type: MessageType.applyRequest, id: "\(Self.session)_4242_1234")) }
      },
      Operation("sign") { count in
        let session = try Session(id: session, key: key)
        var message = Multipart()
        try request(header, call, into: &message)
        let layout = try MessageLayout(of: message)
        for _ in 0..<count { session.resign(&message, layout: layout) }
      },
      Operation("verify") { count in
        var session = try Session(id: session, key: key)
        var message = Multipart()
        try request(header, call, into: &message)
        for _ in 0..<count { keep(try session.verify(message, detectReplays: false)) }
      },
      Operation("session-append") { count in
        var session = try Session(id: session, key: key)
        var message = Multipart()
        for _ in 0..<count {
          message.removeAll()
          keep(session.append(to: &message, type: MessageType.applyRequest, buffers: call))
        }
      },
      Operation("session-take") { count in
        var sender = try Session(id: session, key: key)
        var receiver = try Session(key: key)
        // Each message has to be written, or it would be a replay. Minus `session-append`, this is the cost of taking one.
        var message = Multipart()
        for _ in 0..<count {
          sender.append(to: &message, type: MessageType.applyRequest, buffers: call)
          keep(try receiver.take(&message).buffers)
        }
      },
      Operation("apply-pack") { count in for _ in 0..<count { keep(ApplyCall.pack(function: "noop")) } },
      Operation("apply-unpack") { count in for _ in 0..<count { keep(try ApplyCall.unpack(call)) } },
      Operation("result-pack") { count in for _ in 0..<count { keep(ResultBuffers.serialize(.int(42))) } },
      Operation("pickle-encode") { count in
        for _ in 0..<count { keep(try PickleValue(encoding: Sample.value)) }
      },
      Operation("pickle-decode") { count in
        let value = try PickleValue(encoding: Sample.value)
        for _ in 0..<count { keep(try value.decode(Sample.self)) }
      },
      Operation("scheduler-step") { count in SchedulerWorkload.cycles(count, engines: 4) },
      // The difference of these two is the cost of priorities and of turns.
      Operation("scheduler-queued") { count in
        SchedulerWorkload.backlog(10_000, then: count, clients: 1, priorities: 1)
      },
      Operation("scheduler-in-turn") { count in
        SchedulerWorkload.backlog(10_000, then: count, clients: 100, priorities: 5)
      },
      // What it costs that tasks are for a certain engine, minus `scheduler-queued`.
      Operation("scheduler-for-one") { count in
        SchedulerWorkload.backlog(10_000, then: count, clients: 1, priorities: 1, forOneEngine: true)
      },
    ] + [10_000, 1_000_000].flatMap { payload($0) }
  }

  /// A payload's paths through client, controller and engine. The additional cost of the larger payload is that of its
  /// copies; the first operation makes exactly one copy.
  private static func payload(_ size: Int) -> [Operation] {
    let data = Data(repeating: 7, count: size)
    let received = Bytes(data)
    return [
      Operation("payload-copy-\(size)") { count in
        for _ in 0..<count { keep(received.withSpan { Bytes(copying: $0) }) }
      },
      Operation("payload-send-\(size)") { count in
        var session = try Session(id: session, key: key)
        var message = Multipart()
        for _ in 0..<count {
          let call = ApplyCall.pack(function: "echo", args: [try PickleValue(encoding: data)])
          session.append(to: &message, type: MessageType.applyRequest, buffers: call)
          message.removeAll()
        }
      },
      Operation("payload-relay-\(size)") { count in
        var session = try Session(id: session, key: key)
        let context = try Context(ioThreads: 1)
        let left = try Socket(context, .pair)
        let right = try Socket(context, .pair)
        try left.bind("inproc://payload")
        try right.connect("inproc://payload")
        var message = Multipart()
        for _ in 0..<count {
          session.append(to: &message, type: MessageType.applyRequest, buffers: [received])
          // As in the controller: receive, verify, keep for the hub, send.
          try left.send(&message)
          guard try right.receive(into: &message, timeout: .seconds(1)) else { return }
          let layout = try session.verify(message, detectReplays: false)
          keep(PackedFrames(copying: message, from: layout.header))
          try right.send(&message)
          guard try left.receive(into: &message, timeout: .seconds(1)) else { return }
          message.removeAll()
        }
      },
      Operation("payload-receive-bytes-\(size)") { count in try receive(received, count, as: Bytes.self) },
      Operation("payload-receive-data-\(size)") { count in try receive(received, count, as: Data.self) },
    ]
  }

  private static func receive<Value: Decodable>(_ payload: Bytes, _ count: Int, as type: Value.Type) throws {
    let frames = ResultBuffers.serialize(.bytes(payload))
    for _ in 0..<count { keep(try ResultBuffers.deserialize(frames).value.decode(type)) }
  }

  /// A signed request without identities: `[delimiter, signature, header, …]`.
  private static func request(_ header: [UInt8], _ buffers: [Bytes], into message: inout Multipart) throws {
    try Session(id: session, key: key).append(to: &message, header: header, buffers: buffers)
  }

  /// Keeps the optimizer from removing the computation of a value.
  @inline(never)
  private static func keep<Value>(_ value: Value) {}
}

/// A small structure as an argument of a function.
private struct Sample: Codable, Sendable {
  var name: String
  var numbers: [Double]
  var counts: [String: Int]

  static let value = Sample(name: "sample", numbers: [1, 2.5, 3], counts: ["a": 1, "b": 2])
}
