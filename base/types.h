/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words everybody speaks: integer types, address kinds that do not mix, Requester IDs, errors.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/*
 * Address kinds. Each is a struct of its own, so that a guest-physical address handed to a function
 * that wants a host-physical one does not compile. `.v` is the plain number, in bytes.
 */
typedef struct {
	u64 v;
} hpa_t; /* host-physical: what the memory controller sees */
typedef struct {
	u64 v;
} gpa_t; /* guest-physical: what a guest thinks is physical; EPT translates it */
typedef struct {
	u64 v;
} iova_t; /* what a device puts on the bus; the second-level tables translate it */

static inline hpa_t hpa(u64 v)
{
	return (hpa_t){ v };
}
static inline gpa_t gpa(u64 v)
{
	return (gpa_t){ v };
}
static inline iova_t iova(u64 v)
{
	return (iova_t){ v };
}

/*
 * A Requester ID with its segment. `id` is bus << 8 | device << 3 | function, or bus << 8 |
 * function under ARI (PCIe 6.0 section 2.2.6.2): one number either way, which is why nothing here
 * takes it apart except to print it.
 */
struct rid {
	u16 segment;
	u16 id;
};

#define RID_FMT "%04x:%02x:%02x.%x"
#define RID_ARG(r)                                                                                 \
	(unsigned)(r).segment, rid_bus(r), (unsigned)((r).id >> 3 & 31), (unsigned)((r).id & 7)

static inline struct rid rid_make(unsigned segment, unsigned bus, unsigned device,
				  unsigned function)
{
	return (struct rid){ (u16)segment, (u16)(bus << 8 | device << 3 | function) };
}
static inline unsigned rid_bus(struct rid r)
{
	return r.id >> 8;
}
static inline unsigned rid_devfn(struct rid r)
{
	return r.id & 0xff;
}
static inline bool rid_equal(struct rid a, struct rid b)
{
	return a.segment == b.segment && a.id == b.id;
}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Each argument is looked at once: it may be memory that others write. */
#define CHOOSE(a, op, b)                                                                           \
	({                                                                                         \
		__auto_type choose_a_ = (a);                                                       \
		__auto_type choose_b_ = (b);                                                       \
		choose_a_ op choose_b_ ? choose_a_ : choose_b_;                                    \
	})
#define MIN(a, b) CHOOSE(a, <, b)
#define MAX(a, b) CHOOSE(a, >, b)
#define BIT(n)    (1u << (n))
#define BIT64(n)  (1ull << (n))
/* Bits hi..lo set, as the manuals write them. */
#define BITS64(hi, lo)                  ((~0ull >> (63 - (hi))) & (~0ull << (lo)))
#define ALIGN_UP(x, a)                  (((x) + (a)-1) & ~((typeof(x))(a)-1))
#define ALIGN_DOWN(x, a)                ((x) & ~((typeof(x))(a)-1))
#define IS_ALIGNED(x, a)                (((x) & ((typeof(x))(a)-1)) == 0)
#define IS_POWER_OF_2(x)                ((x) != 0 && ((x) & ((x)-1)) == 0)
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define KiB        1024ull
#define MiB        (1024ull * KiB)
#define GiB        (1024ull * MiB)
#define PAGE_SIZE  4096ull
#define PAGE_SHIFT 12

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK             __attribute__((warn_unused_result))

/*
 * What can go wrong. Zero is success; functions return these negated names as they are (all < 0).
 */
enum err {
	OK = 0,
	ERR_INVALID = -1,     /* an argument, a table or a file that breaks its own format */
	ERR_NOT_FOUND = -2,   /* no such device, table, capability, file */
	ERR_NO_MEMORY = -3,   /* the page pool or a fixed table is full */
	ERR_TIMEOUT = -4,     /* a bounded wait ran out: never treated as done */
	ERR_UNSUPPORTED = -5, /* the hardware lacks it */
	ERR_BUSY = -6,        /* the object is in a state that forbids this */
	ERR_REFUSED = -7,     /* a protection is missing: policy says no */
	ERR_NO_SPACE = -8,    /* does not fit: MMIO window, bus range, vectors, IRTEs, domain ids */
	ERR_DEVICE = -9,      /* the device answered something impossible */
};

/* The name of an error, for messages and for the report's "code". Never NULL. */
const char *err_name(enum err e);

/*
 * Why something was refused or failed, for a person. Functions that take a `struct why *` fill it
 * whenever they return an error: what was expected, what was found, where (rid), what the user can
 * do. `why` may be NULL.
 */
struct why {
	enum err code;
	struct rid rid; /* where it was seen; {0xffff, 0xffff} when it is no one function */
	char text[320];
};

#define RID_NONE ((struct rid){ 0xffff, 0xffff })

/*
 * Fill `why` (may be NULL) and return `code`, so that `return fail(why, ERR_..., rid, "...")`
 * reads well.
 */
enum err fail(struct why *why, enum err code, struct rid rid, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
#ifdef __clang_analyzer__ /* which would believe that it may return OK */
#define fail(why, code, ...) (fail(why, code, __VA_ARGS__), (code))
#endif

#endif
