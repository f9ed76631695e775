import MillraceShard
import Testing

struct SocketAddressTests {
    @Test(arguments: ["127.0.0.1:7070", "broker.example:0", "[::1]:9092", "unix:/run/millrace.socket", "unix:here"])
    func addressesAreReadAsTheyAreWritten(text: String) {
        #expect(SocketAddress(text)?.description == text)
    }

    @Test func theirPartsAreTold() {
        #expect(SocketAddress("[::1]:9092") == .internet(host: "::1", port: 9092))
        #expect(SocketAddress("unix:a:7") == .unix(path: "a:7"))
    }

    @Test(arguments: ["", "host", "host:", ":7", "host:65536", "::1:7", "unix:", "unix:a\0b"])
    func whatIsNoneIsRefused(text: String) { #expect(SocketAddress(text) == nil) }
}
