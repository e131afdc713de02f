/// `advise` and its companions on a CSV file, with a small random model of rows.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::test;

namespace {

const std::string rows =
    "1.5,red,a\n1.7,red,a\n,blue,b\n4.1,blue,b\n4.4,red,c\n1.4,blue,a\n2.2,red,c\n0.3,red,b\n";
const std::string queries = "4.2,blue,\n1.0,red,\n";

std::string reversed(const std::string& text) {
  std::string result;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin) + 1;
    result.insert(0, text.substr(begin, end - begin));
    begin = end;
  }
  return result;
}

nlohmann::json run_json(const ProgramRuns& runs, const std::string& arguments) {
  const Outcome outcome = runs.run(arguments + " --quiet --json -");
  INFO(outcome.errors);
  REQUIRE(outcome.status == 0);
  return nlohmann::json::parse(outcome.output);
}

}  // namespace

TEST_CASE("the main commands take a table, and its order and its queries' labels do not matter") {
  const ProgramRuns runs("table");
  write_row_model(runs.path("model"));
  io::write_file(runs.path("t.csv"), "x,colour,kind\n" + rows + queries);
  io::write_file(runs.path("shuffled.csv"), "x,colour,kind\r\n" + reversed(rows) + queries);
  const std::string from = " --model ../model --label kind --csv ";
  auto result = run_json(runs, "adapt --horizon 3" + from + "../t.csv");
  REQUIRE(result["queries"].size() == 2 * 3);  // two rows, three classes
  double sum = 0;
  for (int k = 0; k < 3; ++k) sum += result["queries"][k]["base"].get<double>();
  CHECK(sum == test::close(1, 1e-6));
  CHECK(result["queries"][0]["adapted"] != result["queries"][0]["base"]);
  auto shuffled = run_json(runs, "adapt --horizon 3" + from + "../shuffled.csv");
  for (std::size_t i = 0; i < 8; ++i) {  // the same rows, found in other lines
    CHECK(shuffled["table"]["example_lines"][i].get<int>() ==
          11 - result["table"]["example_lines"][i].get<int>());
  }
  shuffled["table"].erase("example_lines");
  result["table"].erase("example_lines");
  CHECK(shuffled == result);
  CHECK(result["table"]["residuals"] == 8 * 3);
  CHECK(result["table"]["query_lines"] == nlohmann::json{10, 11});
  REQUIRE(result["rows"].size() == 2);
  CHECK(result["rows"][1]["row"] == 1);
  CHECK(result["rows"][1]["known"].is_null());
  double largest = 0;
  for (int k = 0; k < 3; ++k) {
    const double p = result["queries"][3 + k]["adapted"].get<double>();
    if (p > largest) CHECK(result["rows"][1]["adapted"]["probability"].get<double>() >= p);
    largest = std::max(largest, p);
  }
  CHECK(result["rows"][1]["adapted"]["probability"] == largest);

  io::write_file(runs.path("examples.csv"), "x,colour,kind\n" + rows);
  io::write_file(runs.path("q.csv"), "x,colour,kind\n4.2,blue,b\n1.0,red,a\n");
  io::write_file(runs.path("other.csv"), "x,colour,kind\n4.2,blue,c\n1.0,red,\n");
  const std::string apart = "adapt --horizon 3" + from + "../examples.csv --query-csv ../";
  const auto labelled = run_json(runs, apart + "q.csv");
  const auto relabelled = run_json(runs, apart + "other.csv");
  for (int i = 0; i < 6; ++i) {
    for (const char* key : {"base", "linearized", "adapted"}) {
      CHECK(labelled["queries"][i][key] == result["queries"][i][key]);
      CHECK(labelled["queries"][i][key] == relabelled["queries"][i][key]);
    }
  }
  CHECK(labelled["queries"][1]["target"] == 1.0);
  CHECK(labelled["rows"][0]["known"] == "b");
  CHECK(relabelled["queries"][1]["target"] == 0.0);
  CHECK(relabelled["queries"][4]["target"].is_null());

  CHECK(run_json(runs, "advise --query 1" + from + "../t.csv")["queries"].size() == 3);
  CHECK(run_json(runs, "score" + from + "../t.csv")["ranking"].size() > 0);
  CHECK(run_json(runs, "select --kernel products" + from + "../t.csv")["n"] == 8 * 3);
  const auto geometry = run_json(runs, "geometry --out g.safetensors" + from + "../t.csv");
  CHECK(geometry["n"] == 8 * 3);
  CHECK(run_json(runs, "inspect ../model")["features"] == 6);
  const auto table = run_json(runs, "inspect ../t.csv");
  CHECK(table["categories"] == nlohmann::json{0, 2});
  CHECK(table["missing"] == nlohmann::json{1, 0});
  CHECK(table["labelled"] == 8);
}

TEST_CASE("a query's base prediction is the same to the last bit beside whatever other queries") {
  const ProgramRuns runs("table-queries");
  write_row_model(runs.path("model"));
  const std::string header = "x,colour,kind\n";
  const std::string first = "4.2,blue,\n";
  const std::string others = "1.0,red,\nabc,green,\n\"1,234\",violet,\n,,\n$5,-,\n";
  const std::string command = "adapt --horizon 0 --model ../model --csv ../";
  io::write_file(runs.path("one.csv"), header + rows + first);
  io::write_file(runs.path("many.csv"), header + rows + first + others);
  io::write_file(runs.path("examples.csv"), header + rows);
  io::write_file(runs.path("q1.csv"), header + first);
  io::write_file(runs.path("q5.csv"), "colour;id;x\nred;1;1,0\ngreen;2;abc\nblue;3;4.2\n");
  const auto expected = run_json(runs, command + "one.csv");
  REQUIRE(expected["rows"].size() == 1);
  const auto check_row = [&](const nlohmann::json& result, int row) {
    CHECK(result["rows"][row]["base"] == expected["rows"][0]["base"]);
    for (int k = 0; k < 3; ++k) {
      CHECK(result["queries"][3 * row + k]["base"] == expected["queries"][k]["base"]);
    }
    CHECK(result["prompt"]["residual_norm_before"] == expected["prompt"]["residual_norm_before"]);
  };
  const auto many = run_json(runs, command + "many.csv");
  CHECK(many["rows"].size() == 5);
  check_row(many, 0);
  CHECK(many["rows"][1]["base"] != many["rows"][0]["base"]);
  check_row(run_json(runs, command + "examples.csv --query-csv ../q1.csv"), 0);
  check_row(run_json(runs, command + "examples.csv --query-csv ../q5.csv"), 2);
}

TEST_CASE("what was read of a table is told: rows as examples, as queries, not at all; columns") {
  const ProgramRuns runs("table-counts");
  write_row_model(runs.path("model"));
  io::write_file(runs.path("t.csv"), "kind;x;colour;same\n" +
                                         std::string("a;1,5;red;7\na;1,7;red;7\n;9;red;8\n;;;\n") +
                                         "b;4,1;blue;7\nb;4,4;None;7\n;2;green;7\n");
  const std::string on_table = " --model ../model --label kind --csv ../t.csv";
  for (const std::string command : {"advise", "adapt --horizon 1", "select", "score"}) {
    CAPTURE(command);
    const auto table = run_json(runs, command + on_table)["table"];
    CHECK(table["label"] == "kind");
    CHECK(table["classes"] == nlohmann::json{"a", "b"});
    CHECK(table["examples"] == 4);
    CHECK(table["queries"] == 2);
    CHECK(table["unread"] == 1);
    CHECK(table["unused_columns"] == nlohmann::json{"same"});
    CHECK(table["notes"].size() == 6);
    const Outcome text = runs.run(command + on_table);
    CHECK(text.output.find("Rows of the table: 4 read as examples, 2 as queries, 1 not at all") !=
          std::string::npos);
    CHECK(text.output.find("- Examples 0 to 3 are 4 rows: 4 residuals") != std::string::npos);
    CHECK(runs.run(command + on_table + " --quiet --report r.html").status == 0);
    const std::string html = io::read_file(runs.path("work/r.html"));
    CHECK(html.find(">Rows of the table</h2>") != std::string::npos);
    CHECK((html.find(">Most probable class of each row</h2>") != std::string::npos) ==
          command.starts_with("ad"));
    CHECK(text.errors.find("cells are separated by semicolons") != std::string::npos);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.wrapped_errors.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      CHECK(end - begin <= 80);
    }
  }
  const auto geometry = run_json(runs, "geometry --out g.safetensors" + on_table);
  CHECK(geometry["table"]["examples"] == 4);
  const auto apart = run_json(
      runs, "select" + on_table + " --query-csv ../t.csv");  // now unlabelled rows are not examples
  CHECK(apart["table"]["unread"] == 4);                      // two of them, and a blank row twice
  CHECK(apart["table"]["queries"] == 6);

  const auto inspected = run_json(runs, "inspect ../t.csv --label kind");
  CHECK(inspected["table"]["examples"] == 4);
  CHECK(inspected["labelled"] == 4);
  CHECK(inspected["columns"] == nlohmann::json{"x", "colour", "same"});
  const Outcome text = runs.run("inspect ../t.csv --label kind");
  CHECK(text.output.find("rows read as examples") != std::string::npos);
  CHECK(text.output.find("decimal commas") != std::string::npos);
  CHECK(text.errors.empty());
  CHECK(runs.run("inspect ../t.csv --label kimd").errors.find("is \"kind\" meant?") !=
        std::string::npos);
  CHECK(runs.run("inspect ../model --label kind").status == 2);
}

TEST_CASE("a table without a header is read when it is said to have none") {
  const ProgramRuns runs("table-headless");
  write_row_model(runs.path("model"));
  io::write_file(runs.path("t.csv"), "1.5,red,a\n1.7,red,a\n4.1,blue,b\n4.4,blue,b\n");
  io::write_file(runs.path("q.csv"), "4.2|blue\n1.0|red\n");
  const std::string on_table = "advise --model ../model --csv ../t.csv --query-csv ../q.csv";
  CHECK(runs.run(on_table).status == 3);
  const auto result = run_json(runs, on_table + " --header no");
  CHECK(result["table"]["examples"] == 4);
  CHECK(result["table"]["label"] == "column3");
  CHECK(result["rows"].size() == 2);
  const auto named =
      run_json(runs, on_table + " --header no --label column3 --categorical column1");
  CHECK(named["table"]["examples"] == 4);
  CHECK(run_json(runs, "inspect ../t.csv --header no")["rows"] == 4);
  CHECK(run_json(runs, "inspect ../t.csv --header yes")["rows"] == 3);
  CHECK(run_json(runs, "inspect ../q.csv --delimiter '|' --header no")["rows"] == 2);
}

TEST_CASE("inspect knows a table by its content where its name does not say so") {
  const ProgramRuns runs("table-name");
  io::write_file(runs.path("t.data"), "sep=;\nx;y\n1,5;a\n2,5;b\n");
  CHECK(run_json(runs, "inspect ../t.data")["rows"] == 2);
  CHECK(run_json(runs, "inspect ../t.data --label y")["rows"] == 2);
  io::write_file(runs.path("p.txt"), "{");
  CHECK(runs.run("inspect ../p.txt").errors.find("is not valid JSON") != std::string::npos);
}

TEST_CASE("inspect says of a table that other commands refuse it") {
  const ProgramRuns runs("table-refused");
  write_row_model(runs.path("model"));
  io::write_file(runs.path("one.csv"), "x,y\n1,a\n2,a\n3,\n");
  io::write_file(runs.path("row.csv"), "x,y\n1,a\n2,\n");
  io::write_file(runs.path("two.csv"), "x,y\n1,a\n2,b\n3,\n");
  const auto told = [&](const std::string& file) {
    return run_json(runs, "inspect ../" + file)["table"]["notes"].dump();
  };
  const std::string refused = ": is refused by the commands that learn from it: ";
  CHECK(told("one.csv").find(refused + "has one class alone") != std::string::npos);
  CHECK(told("row.csv").find(refused + "has 1 labelled row, expected") != std::string::npos);
  CHECK(told("two.csv").find(refused) == std::string::npos);
  CHECK(runs.run("advise --model ../model --csv ../one.csv")
            .errors.find("one.csv: has one class alone") != std::string::npos);
}

TEST_CASE("bad tables end with status 3, the place and no output") {
  const ProgramRuns runs("bad-tables");
  write_row_model(runs.path("model"));
  const auto refused = [&](const std::string& text, int status, const std::string& message,
                           const std::string& options = "") {
    CAPTURE(text);
    io::write_file(runs.path("t.csv"), text);
    const Outcome outcome =
        runs.run("advise --model ../model --csv ../t.csv --json a.json --report a.html " + options);
    CHECK(outcome.status == status);
    CHECK(outcome.output.empty());
    CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
    CHECK(runs.left().empty());
  };
  refused("", 3, "t.csv: is empty");
  refused("a,y\n1,u\n2,v,3\n", 3, "t.csv: line 3, column 3: the row has 3 cells, expected 2");
  refused("a,y\n1,u\n1e999,v\n", 3, "t.csv: line 3, column 1 (a): is \"1e999\"");
  refused("a,y\n1,\"u\n2,v\n", 3, "t.csv: line 2, column 2: begins with a quote");
  refused("a,y\n1,u\n2,u\n", 3, "one class alone");
  refused("a,y\n1,1\n1,2\n1,3\n1,4\n1,5\n", 3, "has 5 classes, the model tells at most 4 apart");
  refused("a,b,c,d,e,f,g,y\n1,1,1,1,1,1,1,u\n2,2,2,2,2,2,2,v\n", 3, "has 7 columns");
  refused("a,y\n1,u\n2,v\n", 3, "has no column \"z\"", "--label z");
  refused("a,y\n1,u\n2,v\n", 3, "has no column \"z\"", "--categorical z");
  refused("a,Kind\n1,u\n2,v\n", 3, "is \"Kind\" meant?", "--label kind");
  refused("1.5,u\n2,u\n3,v\n", 3, "looks like a row", "");
  refused("a;y\n1;u\n2;v\n", 3, "are cells separated by semicolons", "--delimiter ,");
  refused("a,y\n1,u\n2,v\n", 2, "--delimiter", "--delimiter ab");
  refused("a,y\n1,u\n2,v\n", 2, "--header", "--header maybe");
  refused("a,y\n1,u\n2,v\n", 2, "--features", "--features tokenwise");
  refused("a,y\n1,u\n2,v\n", 2, "either --prompt", "--prompt p.json");
  CHECK(runs.run("advise --model ../model --prompt '" + decoder_prompt + "'")
            .errors.find("reads tables (CSV)") != std::string::npos);
  CHECK(runs.run("advise --model '" + decoder + "' --csv ../t.csv")
            .errors.find("is a table, but the model is a decoder") != std::string::npos);
  const Outcome misplaced = runs.run("advise --model ../model --prompt p.json --label y");
  CHECK(misplaced.status == 2);
  // Columns that say nothing, one row of a class and byte-order mark: ordinary input.
  io::write_file(runs.path("t.csv"),
                 "\xEF\xBB\xBF"
                 "a,b,c,y\r\n1,,5e0,u\r\n2,,5,v\r\n3,,5,\r\n");
  CHECK(runs.run("advise --model ../model --csv ../t.csv --quiet").status == 0);
  io::write_file(runs.path("t.csv"), "a,b,y\n1,,u\n1,,v\n1,,\n");
  CHECK(runs.run("advise --model ../model --csv ../t.csv")
            .errors.find("no column differs between the labelled rows") != std::string::npos);
  REQUIRE(::mkfifo(runs.path("pipe.csv").c_str(), 0600) == 0);
  CHECK(
      runs.run("advise --model ../model --csv ../pipe.csv").errors.find("is not a regular file") !=
      std::string::npos);
  const std::string series = SEXTANT_SOURCE_DIR "/models/regression-gpt2";
  CHECK(runs.run("advise --model '" + series + "' --csv ../t.csv")
            .errors.find("but the model is one of series") != std::string::npos);
  CHECK(run_json(runs, "inspect '" + series + "'")["family"] == "series");
}
