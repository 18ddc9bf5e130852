/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The text of a failure, carried up to cli/, which alone prints it. A message says what failed, on
 * what, why, and what the user can do.
 */
#ifndef KA_BASE_ERROR_H
#define KA_BASE_ERROR_H

enum { KA_ERROR_SIZE = 512 };

struct ka_error {
    char text[KA_ERROR_SIZE];
};

/* Writes the message, cut to size. `error` may be NULL. Returns -1 always, so that a failing
 * function can end with `return ka_error_set(...)`. */
int ka_error_set(struct ka_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
