// Boost.Asio and Boost.Beast compiled once, here, rather than in every file that uses them.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
