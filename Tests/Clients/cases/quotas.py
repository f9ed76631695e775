"""Client quotas: stored, shown, and enforced for bytes produced and fetched."""
import time

from harness import Send, case, expect, expect_equal, read


@case("admin: client quotas", "admin.alter_quota", "admin.describe_quotas")
def stored(context):
    admin = context.admin()
    entities = [
        {"client-id": context.name("quota")}, {"user": context.name("user")}, {"client-id": None},
        {"user": context.name("user"), "client-id": context.name("quota")},
    ]
    try:
        for number, entity in enumerate(entities):
            rate = 1e9 + number
            admin.alter_quota(entity, "producer_byte_rate", rate)
            admin.alter_quota(entity, "consumer_byte_rate", 2 * rate)
            wanted = {"producer_byte_rate": rate, "consumer_byte_rate": 2 * rate}
            expect_equal(admin.describe_quotas(entity), wanted, "the quotas of %s" % entity)
            admin.alter_quota(entity, "producer_byte_rate", None)
            admin.alter_quota(entity, "consumer_byte_rate", None)
            expect_equal(admin.describe_quotas(entity), {}, "after their removal")
    finally:
        admin.close()


# At 100 KB/s, and with the burst that Kafka's window of ten seconds allows, this takes some seconds.
RATE = 100_000
SENDS = [Send(b"x" * 15_000, partition=0)] * 100


@case("a producer's byte rate", "admin.alter_quota", "client-id", waits=True)
def producer_rate(context):
    topic, client = context.topic(), context.name("throttled")
    admin = context.admin()
    try:
        admin.alter_quota({"client-id": client}, "producer_byte_rate", RATE)
        expect(timed(lambda: context.door.produce(topic, SENDS)) < 3, "an unlimited client is slow")
        seconds = timed(lambda: context.door.produce(topic, SENDS, client_id=client))
        expect(seconds > 3, "1.5 MB took %.1f s at 100 KB/s" % seconds)
        expect_equal(len(context.door.read(topic, [0], 200)), 200, "the records")
    finally:
        admin.alter_quota({"client-id": client}, "producer_byte_rate", None)
        admin.close()


@case("a consumer's byte rate", "admin.alter_quota", "client-id", waits=True)
def consumer_rate(context):
    topic, client = context.topic(), context.name("throttled")
    context.door.produce(topic, SENDS)
    admin = context.admin()

    def read_all(**options):
        consumer = context.door.consumer(fetch_bytes=50_000, **options)
        consumer.assign([(topic, 0)])
        seconds = timed(lambda: read(consumer, len(SENDS), 60))
        consumer.close()
        return seconds

    try:
        admin.alter_quota({"client-id": client}, "consumer_byte_rate", RATE)
        expect(read_all() < 3, "an unlimited client is slow")
        seconds = read_all(client_id=client)
        expect(seconds > 3, "1.5 MB took %.1f s at 100 KB/s" % seconds)
    finally:
        admin.alter_quota({"client-id": client}, "consumer_byte_rate", None)
        admin.close()


def timed(body):
    started = time.monotonic()
    body()
    return time.monotonic() - started
