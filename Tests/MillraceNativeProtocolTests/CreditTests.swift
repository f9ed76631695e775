import MillraceNativeProtocol
import Testing

@Suite struct CreditTests {
    @Test func oneMessageMayOverdraw() throws {
        var credit = SendCredit(initial: 100)
        credit.spend(250)
        #expect(credit.available == -150)
        #expect(!credit.maySend)
        try credit.grant(150)
        #expect(!credit.maySend)
        try credit.grant(1)
        #expect(credit.maySend)
    }

    @Test func grantsHaveALimit() {
        var credit = SendCredit(initial: .max)
        #expect(credit.available == 1 << 40)
        #expect(throws: FrameError.creditOverflow(granted: 1, available: 1 << 40)) {
            try credit.grant(1)
        }
    }

    @Test func creditIsRenewedWhenHalfOfTheWindowIsConsumed() throws {
        var credit = ReceiveCredit(window: 1000)
        try credit.received(700)
        #expect(credit.consumed(499) == nil)
        #expect(credit.consumed(201) == 700)
        #expect(credit.available == 1000)
        #expect(credit.consumed(1) == nil)
    }

    @Test func theSenderThatIgnoresItsCreditIsCaught() throws {
        var credit = ReceiveCredit(window: 1000)
        try credit.received(1500)
        try credit.received(0)
        #expect(throws: FrameError.creditExceeded(bytes: 1, available: -500)) {
            try credit.received(1)
        }
    }

    /// Sender and receiver agree for ever, whatever the sizes: neither side stalls.
    @Test func bothSidesKeepTheSameCount() throws {
        var random = SplitMix(seed: 7)
        var sender = SendCredit(initial: 4096)
        var receiver = ReceiveCredit(window: 4096)
        for _ in 0..<10_000 {
            let size = Int(random.next() % 9000)
            try #require(sender.maySend)
            sender.spend(size)
            try receiver.received(size)
            if let grant = receiver.consumed(size) { try sender.grant(grant) }
            #expect(sender.available == receiver.available)
        }
    }
}
