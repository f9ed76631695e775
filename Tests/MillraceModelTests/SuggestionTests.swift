import MillraceModel
import Testing

@Suite struct SuggestionTests {
    private let names = ["orders", "order-events", "retention.ms", "retention.bytes", "a"]

    @Test(arguments: [
        ("order", "orders"), ("oredrs", "orders"), ("Orders", "orders"), ("orderss", "orders"),
        ("retention.m", "retention.ms"), ("retention-ms", "retention.ms"), ("b", "a"),
        ("oder-event", "order-events"),
    ])
    func aSlipOfTheHandIsUnderstood(written: String, meant: String) {
        #expect(Suggestion.closest(to: written, among: names) == meant)
    }

    @Test(arguments: ["payments", "", "ord", "segment.bytes", String(repeating: "o", count: 5000)])
    func whatIsFarFromAllIsNot(written: String) {
        #expect(Suggestion.closest(to: written, among: ["orders", "retention.ms"]) == nil)
        #expect(Suggestion.clause(for: written, among: ["orders", "retention.ms"]) == "")
    }

    @Test func itEndsASentence() {
        #expect(Suggestion.clause(for: "oders", among: names) == "; did you mean 'orders'?")
    }
}
