internal import Glibc

/// The running kernel's version, against the lowest that has what the ring needs
/// (IORING_SETUP_DEFER_TASKRUN).
struct KernelVersion: Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    static let lowest = KernelVersion(major: 6, minor: 1)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads a release as uname(2) gives it: `6.1.0-18-amd64`; nil for what does not begin so.
    init?(release: String) {
        let numbers = release.split(separator: ".", maxSplits: 2)
        guard numbers.count >= 2, let major = Int(numbers[0]),
            let minor = Int(numbers[1].prefix { $0.isNumber })
        else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    var description: String { "\(major).\(minor)" }

    /// Throws where the running kernel is too old. A release that cannot be read is left to the
    /// ring's own refusal.
    static func check() throws(EngineError) {
        var name = utsname()
        guard uname(&name) == 0 else { return }
        let release = withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard let running = KernelVersion(release: release), running < lowest else { return }
        throw EngineError(
            .ringRefused, "Millrace needs Linux \(lowest) or newer, and this kernel is \(release)")
    }
}
