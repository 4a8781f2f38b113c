import MartletWire
import Testing

@testable import MartletEngine

@Suite struct NamespaceStateTests {
  @Test func withoutPythonAllNamesAreSwifts() {
    var state = NamespaceState()
    #expect(state.lookUp("a") == .undefined)
    state.set("a", to: 1)
    #expect(state.lookUp("a") == .value(1))
    state.set("a", to: nil)
    #expect(state.lookUp("a") == .undefined)
    state.set("b", to: PickleValue.none)
    #expect(state.lookUp("b") == .value(.none))
    state.clear()
    #expect(state.lookUp("b") == .undefined)
  }

  @Test func pythonIsToldWhatWasSetBeforeItStarted() {
    var state = NamespaceState()
    state.set("b", to: 2)
    state.set("a", to: 1)
    state.pythonStarts()
    // What Python has not been told yet is known without asking.
    #expect(state.lookUp("a") == .value(1))
    #expect(state.lookUp("c") == .askPython)
    let changes = state.takeChanges(pythonRuns: true)
    #expect(changes.set.map(\.name) == ["a", "b"])
    #expect(changes.set.map(\.value) == [1, 2])
    #expect(changes.removed.isEmpty)
    #expect(state.takeChanges(pythonRuns: true).isEmpty == true)
    // Python ran, and may have changed it.
    #expect(state.lookUp("a") == .askPython)
  }

  @Test func saysWhetherClientsMayHaveLeftValues() {
    var state = NamespaceState()
    #expect(!state.mayHoldValues)
    state.set("a", to: 1)
    #expect(state.mayHoldValues)
    state.set("a", to: nil)
    #expect(!state.mayHoldValues)
    state.pythonStarts()
    #expect(!state.mayHoldValues)
    state.set("a", to: 1)
    #expect(state.mayHoldValues)
    state.clear()
    #expect(!state.mayHoldValues)
    state.pythonMayKeepValues()
    #expect(state.mayHoldValues)
    state.clear()
    #expect(!state.mayHoldValues)
    var other = NamespaceState()
    other.set("a", to: 1)
    other.pythonStarts()
    #expect(other.mayHoldValues)
  }

  @Test func aQuestionChangesNothing() {
    var state = NamespaceState()
    state.pythonStarts()
    state.set("a", to: 1)
    #expect(state.takeChanges(pythonRuns: false).set.map(\.name) == ["a"])
    #expect(state.lookUp("a") == .value(1))
    state.found("b", 2)
    #expect(state.lookUp("b") == .value(2))
    #expect(state.takeChanges(pythonRuns: true).isEmpty == true)
    #expect(state.lookUp("a") == .askPython)
    #expect(state.lookUp("b") == .askPython)
  }

  @Test func removedNamesAreRemovedInPython() {
    var state = NamespaceState()
    state.pythonStarts()
    state.found("a", 1)
    state.set("a", to: nil)
    #expect(state.lookUp("a") == .undefined)
    state.set("b", to: 2)
    state.set("b", to: nil)
    state.set("c", to: nil)
    state.set("c", to: PickleValue.none)
    let changes = state.takeChanges(pythonRuns: false)
    #expect(changes.removed == ["a", "b"])
    #expect(changes.set.map(\.name) == ["c"])
    #expect(state.lookUp("a") == .askPython)
  }

  @Test func aChangeIsNewerThanAnAnswer() {
    var state = NamespaceState()
    state.pythonStarts()
    state.set("a", to: 2)
    state.found("a", 1)
    #expect(state.lookUp("a") == .value(2))
    state.set("b", to: nil)
    state.found("b", 1)
    #expect(state.lookUp("b") == .undefined)
  }

  @Test func nothingIsLostWhenNoPythonCanBeUsed() {
    var state = NamespaceState()
    state.set("a", to: 1)
    state.set("b", to: 1)
    state.pythonStarts()
    state.set("b", to: nil)
    state.set("c", to: 3)
    #expect(state.pythonFailed() == true)
    #expect(state.pythonFailed() == false)
    #expect(state.lookUp("a") == .value(1))
    #expect(state.lookUp("b") == .undefined)
    #expect(state.lookUp("c") == .value(3))
    state.pythonStarts()
    #expect(state.takeChanges(pythonRuns: true).set.map(\.name) == ["a", "c"])
  }

  @Test func clearingForgetsWhatPythonWasNotTold() {
    var state = NamespaceState()
    state.pythonStarts()
    state.set("a", to: 1)
    state.found("b", 2)
    state.clear()
    #expect(state.takeChanges(pythonRuns: true).isEmpty == true)
    #expect(state.lookUp("b") == .askPython)
  }

  @Test func decodedValuesAreKeptUntilTheyMayHaveChanged() {
    var state = NamespaceState()
    func kept(_ name: String) -> Int? { state.decodedValue(of: name) as? Int }
    func decode(_ name: String, _ value: Int) { state.keep(decoded: value, of: name, ifStill: state.revision) }
    decode("a", 1)
    decode("b", 2)
    #expect(kept("a") == 1 && kept("b") == 2 && kept("c") == nil)
    state.set("a", to: 3)
    #expect(kept("a") == nil && kept("b") == 2)
    state.set("b", to: nil)
    #expect(kept("b") == nil)
    // Something was set while a value was decoded.
    let revision = state.revision
    state.set("a", to: 4)
    state.keep(decoded: 3, of: "a", ifStill: revision)
    #expect(kept("a") == nil)

    state.pythonStarts()
    decode("a", 4)
    _ = state.takeChanges(pythonRuns: false)
    state.found("b", 5)
    #expect(kept("a") == 4)
    _ = state.takeChanges(pythonRuns: true)
    #expect(kept("a") == nil)
    decode("a", 4)
    state.clear()
    #expect(kept("a") == nil)
    decode("a", 4)
    state.pythonFailed()
    #expect(kept("a") == nil)
  }
}
