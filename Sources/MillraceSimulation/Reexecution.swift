internal import Glibc

extension Simulation {
    /// Starts the program again with hash tables that iterate alike every time; returns where that
    /// is so already. To be called first in `main`.
    package static func reexecuteDeterministically() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        fatalError("the program could not be started again: errno \(errno)")
    }
}
