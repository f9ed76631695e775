internal import MillraceModel
internal import MillraceStorage

/// A change of the settings of one topic or of the broker.
struct ConfigChange: Sendable {
    enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    struct Edit: Sendable {
        let name: String
        let operation: Operation
        let value: String?
    }

    var edits: [Edit]
    /// Whether what is not named goes.
    let replacesAll: Bool

    func apply(to config: inout TopicConfig) throws(TopicConfigError) {
        let old = config
        if replacesAll {
            config = TopicConfig()
            // What a topic was made with stays.
            if let durability = old.durability { config.set(durability) }
        }
        for edit in edits {
            guard let key = TopicConfig.Key(rawValue: edit.name) else {
                // The topic's own refusal names what there is.
                try config.set(edit.name, to: edit.value ?? "")
                continue
            }
            let current = old.entries[key] ?? key.defaultText
            if let value = try edit.value(isList: key.type == .list, current: current) {
                try config.set(edit.name, to: value)
            } else {
                config.remove(key)
            }
        }
    }

    /// - Parameter all: whether it is for every broker of the cluster.
    func apply(to config: inout BrokerConfig, all: Bool) throws(TopicConfigError) {
        var settings = all ? config.clusterDefault : config.broker
        let old = settings
        if replacesAll { settings = settings.filter { TopicDefaults.Key(rawValue: $0.key) == nil } }
        for edit in edits {
            guard let key = TopicDefaults.Key(rawValue: edit.name), key.isDynamic else {
                throw TopicConfigError(
                    name: edit.name, value: edit.value ?? "",
                    reason: "it cannot be changed while the broker runs")
            }
            let current = old[edit.name] ?? key.defaultText ?? ""
            settings[edit.name] = try edit.value(isList: key.type == .list, current: current)
        }
        if all { config.clusterDefault = settings } else { config.broker = settings }
    }
}

extension ConfigChange.Edit {
    /// The new value; nil for none.
    fileprivate func value(isList: Bool, current: String) throws(TopicConfigError) -> String? {
        guard operation != .delete else { return nil }
        guard let value else {
            throw TopicConfigError(name: name, value: "null", reason: "give a value, or take it back (delete)")
        }
        guard operation != .set else { return value }
        guard isList else {
            throw TopicConfigError(name: name, value: value, reason: "it is no list: set it")
        }
        var items = current.split(separator: ",").map(String.init)
        let given = value.split(separator: ",").map(String.init)
        if operation == .append {
            items += given.filter { !items.contains($0) }
        } else {
            items.removeAll { given.contains($0) }
        }
        return items.joined(separator: ",")
    }
}
