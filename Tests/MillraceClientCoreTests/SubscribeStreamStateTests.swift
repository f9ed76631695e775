import MillraceBytes
import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import Testing

@Suite struct SubscribeStreamStateTests {
    private func state(window: Int = 1000) -> SubscribeStreamState {
        SubscribeStreamState(
            topic: topic, partition: 0, from: .offset(Offset(5)), follow: false,
            windowBytes: window)
    }

    @Test func theRequestSaysWhereToBegin() {
        let request = state().request
        #expect(request.topic == "orders")
        #expect(request.position.position == .offset(5))
        #expect(request.creditBytes == 1000)
        for (position, expected) in [
            (.beginning, .beginning(true)), (.end, .end(true)),
            (.timestamp(Timestamp(milliseconds: 9)), .timestampMs(9)),
        ] as [(StartPosition, WirePosition.OneOf_Position)] {
            let state = SubscribeStreamState(
                topic: topic, partition: 3, from: position, follow: true, windowBytes: 1)
            #expect(state.request.position.position == expected)
            #expect(state.request.follow)
        }
    }

    @Test func whatIsQueuedComesBeforeTheEnd() throws {
        var state = state()
        try state.received(body: subscribeBody(startOffset: 5), attachment: ByteSlice([]))
        #expect(state.startOffset == Offset(5))
        try state.received(body: subscribeBody(), attachment: ByteSlice([1, 2, 3]))
        state.ended(.closed)
        guard case .run(let run) = try state.next() else {
            Issue.record("no run")
            return
        }
        #expect(run.bytes.count == 3)
        #expect(throws: ClientError.closed) { try state.next() }
        #expect(state.consumed(1000) == nil)
    }

    @Test func creditIsGrantedWhenHalfIsConsumed() throws {
        var state = state(window: 1000)
        try state.received(body: subscribeBody(startOffset: 5), attachment: ByteSlice([]))
        let run = ByteSlice([UInt8](repeating: 0, count: 400))
        try state.received(body: subscribeBody(), attachment: run)
        try state.received(body: subscribeBody(), attachment: run)
        #expect(state.queuedBytes == 800)
        #expect(state.consumed(400) == nil)
        #expect(state.consumed(400) == 800)
    }

    @Test func aBrokerThatIgnoresTheCreditIsCaught() throws {
        var state = state(window: 1000)
        try state.received(body: subscribeBody(startOffset: 5), attachment: ByteSlice([]))
        let run = ByteSlice([UInt8](repeating: 0, count: 600))
        try state.received(body: subscribeBody(), attachment: run)
        try state.received(body: subscribeBody(), attachment: run)
        #expect(throws: ClientError.self) {
            try state.received(body: subscribeBody(), attachment: run)
        }
        #expect(state.queuedBytes == 1200)
    }

    @Test func aSubscriptionWithoutAStartIsRefused() throws {
        for offset in [nil, -1] as [Int64?] {
            var state = state()
            #expect(throws: ClientError.self) {
                try state.received(
                    body: subscribeBody(startOffset: offset), attachment: ByteSlice([]))
            }
        }
    }
}
