import MillraceClient
import Testing

@Suite struct BrokerAddressTests {
    @Test(arguments: [
        ("localhost:7070", BrokerAddress.tcp(host: "localhost", port: 7070)),
        ("[::1]:1", .tcp(host: "::1", port: 1)),
        ("unix:/run/millrace.sock", .unix(path: "/run/millrace.sock")),
        ("unix:relative", .unix(path: "relative")),
    ])
    func isReadAndWritten(text: String, address: BrokerAddress) {
        #expect(BrokerAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: ["", "localhost", "localhost:", ":7070", "::1:7070", "a:0", "a:65536", "unix:"])
    func isRefused(text: String) {
        #expect(BrokerAddress(text) == nil)
    }
}
