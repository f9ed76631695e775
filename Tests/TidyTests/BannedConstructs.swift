/// What would take an engine out of its simulation: above the shard, time, order and chance are
/// handed in.
enum BannedConstructs {
    /// The shard itself is where tasks are made and chance comes in; the client's transport and the
    /// programs are outside the simulation; the simulation itself has to know its own thread.
    private static let free: Set = [
        "MillraceRing", "MillraceShard", "MillraceClient", "MillraceSimulation", "millrace",
        "millrace-sim",
    ]

    /// A text that has to be in the line before the pattern, which is slow, is tried.
    private struct Ban {
        let hint: String
        let pattern: Regex<AnyRegexOutput>
        let instead: String

        init(_ hint: String, _ pattern: String, _ instead: String) {
            self.hint = hint
            // The patterns are constants of this file: one that does not compile is a mistake in
            // it.
            self.pattern = try! Regex(pattern).wordBoundaryKind(.simple)
            self.instead = instead
        }
    }

    nonisolated(unsafe) private static let bans = [
        Ban("Task", #"\bTask(<.*>)?(\.init)?\s*[({]"#, "spawn on a shard"),
        Ban("Task", #"\bTask(<.*>)?\.(detached|immediate|immediateDetached)\b"#, "spawn on a shard"),
        Ban("Task", #"\bTask(<.*>)?\.sleep\((?!.*clock:)"#, "sleep on the shard's clock"),
        Ban("Clock", #"\b(Continuous|Suspending)Clock\b"#, "the clock is handed in"),
        Ban("MainActor", #"\bMainActor\b"#, "run on a shard"),
        Ban("Random", #"\bSystemRandomNumberGenerator\b"#, "the generator is handed in"),
        Ban("random", #"\.random\(in:(?!.*using:)"#, "the generator is handed in (`using:`)"),
        Ban("randomElement", #"\.randomElement\(\)"#, "the generator is handed in (`using:`)"),
        Ban("shuffle", #"\.shuffled?\(\)"#, "the generator is handed in (`using:`)"),
        Ban("Dispatch", #"\bDispatch\w+"#, "run on a shard"),
        Ban("import", #"\bimport\s+(\w+\s+)?(Dispatch|Foundation)\b"#, "no such import here"),
        Ban("ObjectIdentifier", #"\bObjectIdentifier\b"#, "addresses differ from run to run"),
        Ban("pthread_self", #"\bpthread_self\b"#, "threads differ from run to run"),
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, !file.isGenerated, let target = file.sourcesTarget,
            !free.contains(target)
        else { return [] }
        return file.codeLines.enumerated().flatMap { index, line in
            bans.compactMap { ban in
                guard line.contains(ban.hint), let match = line.firstMatch(of: ban.pattern) else {
                    return nil
                }
                let text = "`\(line[match.range])` above the shard: \(ban.instead)"
                return Finding(path: file.path, line: index + 1, message: text)
            }
        }
    }
}
