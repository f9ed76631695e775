internal import Metrics

/// What a client counts, by swift-metrics: `millrace_client_` and the name.
struct ClientMetrics: Sendable {
    /// Records that the broker has acknowledged.
    let recordsProduced = Counter(label: "millrace_client_records_produced")
    /// Bytes of their batches, as they were sent.
    let bytesProduced = Counter(label: "millrace_client_bytes_produced")
    /// Records that a consumer was given.
    let recordsConsumed = Counter(label: "millrace_client_records_consumed")
    /// Bytes of their batches, as they were received.
    let bytesConsumed = Counter(label: "millrace_client_bytes_consumed")
    /// Batches that were sent once more, and calls that were made once more.
    let retries = Counter(label: "millrace_client_retries")
    /// Connections made in place of lost ones.
    let reconnects = Counter(label: "millrace_client_reconnects")
}
