#pragma once

#include "adapters/postgres/pipeline.h"
#include "embedded/postgres_queries.h"

namespace holdfast::postgres::statements {

/// The statements that are prepared once per connection; each is a file of queries/.
inline const Statement session{"session", std::string(embedded::session_sql)};
inline const Statement settle{"settle", std::string(embedded::settle_sql)};
inline const Statement reservations_of{"reservations_of",
                                       std::string(embedded::reservations_of_sql)};
inline const Statement waiting_refunds{"waiting_refunds",
                                       std::string(embedded::waiting_refunds_sql)};
inline const Statement lock_order_ids{"lock_order_ids", std::string(embedded::lock_order_ids_sql)};
inline const Statement lock_orders{"lock_orders", std::string(embedded::lock_orders_sql)};
inline const Statement find_orders{"find_orders", std::string(embedded::find_orders_sql)};
inline const Statement known_orders{"known_orders", std::string(embedded::known_orders_sql)};
inline const Statement parked_orders{"parked_orders", std::string(embedded::parked_orders_sql)};
inline const Statement update_orders{"update_orders", std::string(embedded::update_orders_sql)};
inline const Statement write_refunds{"write_refunds", std::string(embedded::write_refunds_sql)};
inline const Statement move_stock{"move_stock", std::string(embedded::move_stock_sql)};
inline const Statement move_points{"move_points", std::string(embedded::move_points_sql)};
inline const Statement lock_points{"lock_points", std::string(embedded::lock_points_sql)};
inline const Statement write_events{"write_events", std::string(embedded::write_events_sql)};
inline const Statement delete_events{"delete_events", std::string(embedded::delete_events_sql)};
inline const Statement mark_orders_released{"mark_orders_released",
                                            std::string(embedded::mark_orders_released_sql)};
inline const Statement store_plans{"store_plans", std::string(embedded::store_plans_sql)};
inline const Statement stored_plans{"stored_plans", std::string(embedded::stored_plans_sql)};
inline const Statement refunds_of_orders{"refunds_of_orders",
                                         std::string(embedded::refunds_of_orders_sql)};
inline const Statement find_refund{"find_refund", std::string(embedded::find_refund_sql)};
inline const Statement mark_released{"mark_released", std::string(embedded::mark_released_sql)};
inline const Statement begin_stock_change_lock{"begin_stock_change_lock",
                                               std::string(embedded::begin_stock_change_lock_sql)};
inline const Statement create_stock{"create_stock", std::string(embedded::create_stock_sql)};
inline const Statement find_stock_change{"find_stock_change",
                                         std::string(embedded::find_stock_change_sql)};
inline const Statement lock_stock{"lock_stock", std::string(embedded::lock_stock_sql)};
inline const Statement pending_taking{"pending_taking", std::string(embedded::pending_taking_sql)};
inline const Statement begin_stock_change{"begin_stock_change",
                                          std::string(embedded::begin_stock_change_sql)};
inline const Statement finish_stock_change{"finish_stock_change",
                                           std::string(embedded::finish_stock_change_sql)};
inline const Statement begin_limit_change{"begin_limit_change",
                                          std::string(embedded::begin_limit_change_sql)};
inline const Statement retry_limit_change{"retry_limit_change",
                                          std::string(embedded::retry_limit_change_sql)};
inline const Statement finish_limit_change{"finish_limit_change",
                                           std::string(embedded::finish_limit_change_sql)};
inline const Statement pending_limit_changes{"pending_limit_changes",
                                             std::string(embedded::pending_limit_changes_sql)};
inline const Statement units_bought{"units_bought", std::string(embedded::units_bought_sql)};
inline const Statement find_stock{"find_stock", std::string(embedded::find_stock_sql)};
inline const Statement all_stock{"all_stock", std::string(embedded::all_stock_sql)};
inline const Statement find_points{"find_points", std::string(embedded::find_points_sql)};
inline const Statement record_parked{"record_parked", std::string(embedded::record_parked_sql)};
inline const Statement parked_groups{"parked_groups", std::string(embedded::parked_groups_sql)};
inline const Statement remove_parked{"remove_parked", std::string(embedded::remove_parked_sql)};
inline const Statement remove_parked_subjects{"remove_parked_subjects",
                                              std::string(embedded::remove_parked_subjects_sql)};
inline const Statement record_audit{"record_audit", std::string(embedded::record_audit_sql)};
inline const Statement backlog{"backlog", std::string(embedded::backlog_sql)};
inline const Statement ping{"ping", std::string(embedded::ping_sql)};
inline const Statement ledger_record{"ledger_record", std::string(embedded::ledger_record_sql)};
inline const Statement begin_generation_lock{"begin_generation_lock",
                                             std::string(embedded::begin_generation_lock_sql)};
inline const Statement begin_generation{"begin_generation",
                                        std::string(embedded::begin_generation_sql)};
inline const Statement snapshot_bought{"snapshot_bought",
                                       std::string(embedded::snapshot_bought_sql)};
inline const Statement snapshot_unreleased{"snapshot_unreleased",
                                           std::string(embedded::snapshot_unreleased_sql)};
inline const Statement snapshot_unreleased_orders{
    "snapshot_unreleased_orders", std::string(embedded::snapshot_unreleased_orders_sql)};
inline const Statement snapshot_changes{"snapshot_changes",
                                        std::string(embedded::snapshot_changes_sql)};
inline const Statement try_leadership{"try_leadership", std::string(embedded::try_leadership_sql)};

inline const Statement end_leadership{"end_leadership", std::string(embedded::end_leadership_sql)};
inline const Statement begin{"begin", "begin"};
inline const Statement begin_snapshot{"begin_snapshot",
                                      "begin transaction isolation level repeatable read"};
inline const Statement commit{"commit", "commit"};
inline const Statement rollback{"rollback", "rollback"};

}  // namespace holdfast::postgres::statements
