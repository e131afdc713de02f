#include "sextant/core/names.hpp"

#include <doctest/doctest.h>

using namespace sextant;

using Names = std::vector<std::string>;

TEST_CASE("edit distance counts insertions, deletions and substitutions") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("sitting", "kitten") == 3);
}

TEST_CASE("a mistyped name is recognised, and another one is not") {
  const Names known = {"sepal length", "sepal_width", "species", "id"};
  CHECK(likely_names("Species", known) == Names{"species"});
  CHECK(likely_names("sepal_length", known) == Names{"sepal length"});
  CHECK(likely_names("speceis", known) == Names{"species"});
  CHECK(likely_names("species (latin)", known) == Names{"species"});
  CHECK(likely_names("sepal width", Names{"Sepal Width", "sepal_width", "sepal width 2"}) ==
        Names{"Sepal Width", "sepal_width"});
  CHECK(likely_names("colour", known).empty());
  CHECK(likely_names("x", known).empty());
  CHECK(likely_names("", known).empty());
  CHECK(likely_names("i", Names{"x", "y"}).empty());
}

TEST_CASE("long lists are cut") {
  CHECK(listed(Names{}) == "");
  CHECK(listed(Names{"a", "b"}) == "\"a\", \"b\"");
  CHECK(listed(Names{"a", "b", "c", "d"}, 2) == "\"a\", \"b\" and 2 others");
  CHECK(listed(Names{"a", "b", "c"}, 2) == "\"a\", \"b\", \"c\"");  // never "1 others"
}
