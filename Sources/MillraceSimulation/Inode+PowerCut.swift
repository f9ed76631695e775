/// How much of what was not synchronised a power cut leaves: by pages at random, or one of the
/// extremes, which random pages alone would hardly ever reach.
enum PowerCutMood {
    case nothingSurvives
    case everythingSurvives
    case mixed

    init(_ random: inout SeededRandom) {
        switch random.below(4) {
        case 0: self = .nothingSurvives
        case 1: self = .everythingSurvives
        default: self = .mixed
        }
    }

    func survives(_ random: inout SeededRandom) -> Bool {
        switch self {
        case .nothingSurvives: false
        case .everythingSurvives: true
        case .mixed: random.oneIn(2)
        }
    }
}

extension Inode {
    private static let sectorBytes = 512

    /// Leaves of the file or directory what a power cut leaves.
    func powerCut(_ mood: PowerCutMood, _ random: inout SeededRandom) {
        lock = nil
        if isDirectory {
            let count =
                switch mood {
                case .nothingSurvives: 0
                case .everythingSurvives: changes.count
                case .mixed: random.below(changes.count + 1)
                }
            for change in changes.prefix(count) { applyDurably(change) }
            changes = []
            entries = durableEntries
            return
        }
        losePages(mood, &random)
        liveSize = durableSize
        cutTo = nil
        unsynced = [:]
        for number in pages.keys.sorted() {
            var entry = pages[number] ?? Page()
            entry.live = entry.durable
            entry.durableVersion = entry.liveVersion
            pages[number] = entry.live == nil ? nil : entry
        }
    }

    private func losePages(_ mood: PowerCutMood, _ random: inout SeededRandom) {
        // The file system cuts a file in its own journal: before the cut nothing written after it
        // can survive.
        if let cutTo {
            guard mood.survives(&random) else { return }
            durableSize = min(durableSize, cutTo)
            let firstGone = (cutTo + UInt64(Self.pageBytes) - 1) / UInt64(Self.pageBytes)
            for number in pages.keys.sorted() where number >= firstGone {
                pages[number]?.durable = nil
            }
        }
        if liveSize > durableSize, mood.survives(&random) {
            let grown = Int(liveSize - durableSize)
            durableSize += UInt64(random.oneIn(4) ? random.below(grown) : grown)
        }
        for number in unsynced.keys.sorted() where mood.survives(&random) {
            guard var entry = pages[number] else { continue }
            entry.durable = random.oneIn(3) ? torn(entry, &random) : entry.live
            pages[number] = entry
        }
        cutDurably()
    }

    /// A page of which some sectors are new and some are old.
    private func torn(_ entry: Page, _ random: inout SeededRandom) -> [UInt8] {
        let zeros = [UInt8](repeating: 0, count: Self.pageBytes)
        var mixed = entry.durable ?? zeros
        let live = entry.live ?? zeros
        for sector in 0..<(Self.pageBytes / Self.sectorBytes) where random.oneIn(2) {
            let range = (sector * Self.sectorBytes)..<((sector + 1) * Self.sectorBytes)
            mixed.replaceSubrange(range, with: live[range])
        }
        return mixed
    }

    /// Nothing stands beyond the size.
    private func cutDurably() {
        let bound = UInt64(Self.pageBytes)
        for number in pages.keys.sorted() where (number + 1) * bound > durableSize {
            let kept = number * bound >= durableSize ? 0 : Int(durableSize - number * bound)
            guard var durable = pages[number]?.durable else { continue }
            for index in kept..<Self.pageBytes { durable[index] = 0 }
            pages[number]?.durable = kept == 0 ? nil : durable
        }
    }
}
