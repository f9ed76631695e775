import MillraceNativeProtocol
import Testing

@Suite struct StatusTests {
    @Test func codesAreGRPCs() {
        let names = StatusCode.allCases.map(\.description)
        #expect(StatusCode.allCases.map(\.rawValue) == Array(0...16))
        #expect(
            names == [
                "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
                "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
                "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
                "UNAUTHENTICATED",
            ])
    }

    @Test func anUnknownCodeIsUnknown() {
        var wire = WireStatus()
        wire.code = 4711
        #expect(Status(wire).code == .unknown)
    }
}
