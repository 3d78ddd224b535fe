/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of errors, and struct why. */
#include "base/format.h"
#include "base/types.h"

const char *err_name(enum err e)
{
	switch (e) {
	case OK: return "ok";
	case ERR_INVALID: return "invalid";
	case ERR_NOT_FOUND: return "not-found";
	case ERR_NO_MEMORY: return "no-memory";
	case ERR_TIMEOUT: return "timeout";
	case ERR_UNSUPPORTED: return "unsupported";
	case ERR_BUSY: return "busy";
	case ERR_REFUSED: return "refused";
	case ERR_NO_SPACE: return "no-space";
	case ERR_DEVICE: return "device";
	}
	return "unknown";
}

#undef fail
enum err fail(struct why *why, enum err code, struct rid rid, const char *fmt, ...)
{
	va_list args;

	if (why) {
		why->code = code;
		why->rid = rid;
		va_start(args, fmt);
		format_v(why->text, sizeof(why->text), fmt, args);
		va_end(args);
	}
	return code;
}
