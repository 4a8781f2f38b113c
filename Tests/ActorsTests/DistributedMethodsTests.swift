import Distributed
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletActors

@Suite struct DistributedMethodsTests {
  private let methods = DistributedMethods(of: Counter.self)

  @Test func methodsAreFoundByNameAndLabels() throws {
    #expect(try methods.method("add(_:)", argumentCount: 1).name == "add(_:)")
    #expect(try methods.method("add", argumentCount: 1).name == "add(_:)")
    #expect(try methods.method("add", argumentCount: 2).name == "add(_:times:)")
    #expect(try methods.method("value", argumentCount: 0).name == "value()")
    #expect(try methods.method("double", argumentCount: 0).name == "double()")
    #expect(try methods.method("describe(_:at:)", argumentCount: 2).parameterCount == 2)
  }

  @Test func mangledNamesAreThoseOfTheCompiler() throws {
    let method = try methods.method("add(_:)", argumentCount: 1)
    #expect(try methods.method(method.identifier, argumentCount: 1) == method)
    #expect(AccessibleFunctions.names.contains(method.identifier))
  }

  @Test func otherTypesMethodsAreNone() {
    for name in AccessibleFunctions.names where !name.contains("7CounterC") || name.contains("5Inner") {
      #expect(throws: ArgumentError.self, "\(name)") { try methods.method(name, argumentCount: 0) }
    }
    for name in ["reveal", "hide", "reveal()", "hide()"] {
      #expect(throws: ArgumentError.self, "\(name)") { try methods.method(name, argumentCount: 0) }
    }
    #expect(AccessibleFunctions.names.contains { $0.contains("reveal") })
    #expect(AccessibleFunctions.names.contains { $0.contains("hide") })
  }

  @Test func theErrorSaysWhatThereIs() {
    expect("nothing", 0, "Counter has no distributed method nothing; it has add(_:), add(_:times:), ")
    expect("add(_:)", 3, "Counter.add(_:) takes 1 arguments, got 3")
    expect("add", 3, "Counter.add takes no 3 arguments; it has ")
  }

  private func expect(_ name: String, _ count: Int, _ text: String) {
    do {
      _ = try methods.method(name, argumentCount: count)
      Issue.record("no error")
    } catch {
      #expect(error.description.hasPrefix(text), "\(error)")
    }
  }

  @Test func garbageIsRefused() throws {
    let names = AccessibleFunctions.names
    var generator = SeededNumbers(state: 16)
    let letters = Array("$sAaCDFTEySiGz_0129xqLlVPO.()é\0")
    let own = Set(names.filter { (try? methods.method($0, argumentCount: 0)) != nil })
    for _ in 0..<5_000 {
      var name = Array(names.randomElement(using: &generator) ?? "")
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        let letter = letters[Int.random(in: letters.indices, using: &generator)]
        switch Int.random(in: 0...3, using: &generator) {
        case 0: name.append(letter)
        case 1 where !name.isEmpty: name.removeSubrange(Int.random(in: 0..<name.count, using: &generator)...)
        case 2 where !name.isEmpty: name[Int.random(in: 0..<name.count, using: &generator)] = letter
        default: name.insert(letter, at: Int.random(in: 0...name.count, using: &generator))
        }
      }
      let text = String(name)
      if let method = try? methods.method(text, argumentCount: 0) {
        #expect(own.contains(method.identifier), "\(text)")
      }
    }
  }
}

/// Random numbers that are the same in each run (SplitMix64).
private struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
