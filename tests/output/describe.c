/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prints what follows from the declaration of fields: the schema, the manual's table, or the
 * samples as JSON lines, for the tests that compare them and for `make update-doc`.
 */
#include "events/field.h"
#include "output/output.h"
#include "tests/output/samples.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 128 };

static void print_type(const struct ka_field *field)
{
    static const char *const types[] = {
        [KA_FIELD_BOOL] = "true or false",
        [KA_FIELD_U8] = "integer",
        [KA_FIELD_U16] = "integer",
        [KA_FIELD_U32] = "integer",
        [KA_FIELD_U64] = "integer",
        [KA_FIELD_DOUBLE] = "number",
        [KA_FIELD_DURATION] = "number",
        [KA_FIELD_TIMESTAMP] = "time",
        [KA_FIELD_ENUM] = "",
        [KA_FIELD_TEXT] = "text",
        [KA_FIELD_TEXTS] = "texts",
        [KA_FIELD_NUMBERS] = "integers",
        [KA_FIELD_TAGS] = "integers",
        [KA_FIELD_COUNTS32] = "counts by ",
        [KA_FIELD_COUNTS64] = "counts by ",
        [KA_FIELD_FIGURES] = "numbers by name",
        [KA_FIELD_ADDR] = "address",
        [KA_FIELD_ENDPOINT] = "endpoint",
        [KA_FIELD_OBJECT] = "object",
    };
    const char *separator = "";
    printf("%s", types[field->type]);
    if (field->type == KA_FIELD_U64 && field->count > 0)
        printf(" x %u", field->count);
    for (size_t i = 0; field->names != NULL && i < field->count; i++) {
        if (field->names[i] == NULL)
            continue;
        printf("%s`%s`", separator, field->names[i]);
        separator = ", ";
    }
    if (field->false_when != NULL)
        printf(", false");
    if (field->nullable)
        printf(", null");
    if (!field->required)
        printf("; optional");
}

/* Rows for the fields and what lies inside them, keys written with dots. */
static void print_rows(const struct ka_field *fields, const char *path)
{
    const struct ka_field *last = NULL;
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        char name[PATH_SIZE];
        bool again = last != NULL && field->fields != NULL && field->fields == last->fields;
        snprintf(name, sizeof(name), "%s%s", path, field->name);
        printf("| `%s` | ", name);
        print_type(field);
        printf(" | %s | %s", field->unit != NULL ? field->unit : "", field->meaning);
        if (again)
            printf("; holds what `%s` holds", last->name);
        printf(" |\n");
        if (field->fields != NULL && !again) {
            snprintf(name, sizeof(name), "%s%s.", path, field->name);
            print_rows(field->fields, name);
        }
        last = field;
    }
}

static void print_heading(const char *title, const char *text)
{
    printf("\n## %s\n%s\n\n| key | value | unit | meaning |\n|---|---|---|---|\n", title, text);
}

static void print_table(void)
{
    printf("# Events\n\n"
           "What `--json` writes: one object a line. Made from the declaration of fields in\n"
           "`events/` by `make update-doc`; `kasniff.schema.json` says the same to programs.\n"
           "Keys stand in this order. An optional key is left out where it does not apply.\n");
    print_heading("Every event", "The envelope.");
    print_rows(ka_envelope_fields(), "");
    for (unsigned type = 0; type < KA_EVENT_TYPE_COUNT; type++) {
        print_heading(ka_event_name(type), ka_event_meaning(type));
        print_rows(ka_event_fields(type), "");
        if (ka_event_src(type) != NULL)
            printf("\n`src_ip` and `src_port` are those of the %s.\n", ka_event_src(type));
    }
}

static int print_samples(void)
{
    static const char *const inputs[] = {"a.pcap", "b.pcap"};
    struct ka_output_options options = {
        .form = KA_OUTPUT_JSON, .verbose = true, .input_names = inputs, .input_count = 2};
    struct ka_output *output;
    struct ka_error error;
    for (int live = 0; live < 2; live++) {
        options.live = live == 1;
        if (ka_output_create(stdout, &options, &output, &error) < 0)
            return 1;
        for (size_t i = 0; i < sample_count(); i++)
            ka_output_event(output, &sample_at(i)->event);
        ka_output_event(output, hostile_sample());
        int written = ka_output_flush(output, &error);
        ka_output_free(output);
        if (written < 0)
            return 1;
    }
    return 0;
}

int main(int count, char **words)
{
    const char *what = count == 2 ? words[1] : "";
    if (strcmp(what, "schema") == 0)
        return ka_output_schema(stdout) < 0;
    if (strcmp(what, "samples") == 0)
        return print_samples();
    if (strcmp(what, "table") == 0) {
        print_table();
        return fflush(stdout) != 0;
    }
    fprintf(stderr, "usage: %s schema|table|samples\n", words[0]);
    return 2;
}
